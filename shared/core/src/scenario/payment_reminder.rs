//! Payment reminder: an amount is due, and its owner should know in time.

use super::conduct::{conduct_ar, conduct_en};
use super::{Bilingual, FieldKind, FormField, Scenario};

/// The scenario.
pub(super) const SCENARIO: Scenario = Scenario {
    id: "payment-reminder",
    title: Bilingual { ar: "تذكير بالسداد", en: "Payment reminder" },
    description: Bilingual {
        ar: "تذكير مهذب بمبلغ مستحق وموعد سداده، دون تحصيل أي دفعة خلال المكالمة.",
        en: "A courteous reminder of an amount and the day it is due; no payment is taken on the call.",
    },
    system_prompt: Bilingual {
        ar: concat!(
            "أنت مساعد هاتفي آلي يتصل نيابةً عن خدمة العملاء.

الهدف: تذكير \u{2068}{{customerName}}\u{2069} بلطف بأن مبلغًا قدره \u{2068}{{accountBalance}}\u{2069} يحين موعد سداده في \u{2068}{{dueDate}}\u{2069}، ومعرفة متى يُتوقع السداد.

الخطوات:
١. تأكد أولًا من أنك تتحدث إلى \u{2068}{{customerName}}\u{2069}، ولا تذكر قبل ذلك شيئًا عن الحساب.
٢. اذكر المبلغ وموعد السداد مرة واحدة بوضوح.
٣. اسأل إن كان السداد ممكنًا في موعده، واحفظ أي تاريخ يُذكر لك. وإن ذُكرت صعوبة فقل إن خدمة العملاء يمكنها مناقشة الخيارات.
٤. لا تتسلم أي دفعة خلال المكالمة، ولا تقل أبدًا إن دفعة وصلت، فأنت لا ترى المدفوعات. وإن قيل لك إن السداد تم فاشكر الطرف الآخر، وقل إن تسجيل الدفعة قد يستغرق بعض الوقت.
",
            conduct_ar!()
        ),
        en: concat!(
            "You are an automated telephone assistant calling on behalf of customer service.

Goal: courteously remind {{customerName}} that {{accountBalance}} is due on {{dueDate}}, and learn when they expect to pay.

Steps:
1. First make sure that you are speaking with {{customerName}}; until then, say nothing about the account.
2. Say the amount and the due date once, clearly.
3. Ask whether they can pay by then, and remember any date they name. If they mention difficulties, say that customer service can discuss the options.
4. Take no payment on the call, and never say that a payment has arrived: you cannot see payments. If they say they have paid, thank them and say that it can take a while to be recorded.
",
            conduct_en!()
        ),
    },
    first_message: Bilingual {
        ar: "مرحبًا، معكم المساعد الآلي لخدمة العملاء. هل أتحدث إلى \u{2068}{{customerName}}\u{2069}؟",
        en: "Hello, this is the automated assistant of customer service. Am I speaking with {{customerName}}?",
    },
    fields: &[
        super::CUSTOMER_NAME,
        FormField {
            name: "accountBalance",
            label: Bilingual { ar: "المبلغ المستحق مع العملة", en: "Amount due, with its currency" },
            kind: FieldKind::Text,
            required: true,
            example: Bilingual { ar: "42.500 ريال عماني", en: "42.500 Omani rials" },
        },
        FormField {
            name: "dueDate",
            label: Bilingual { ar: "موعد السداد", en: "Due date" },
            kind: FieldKind::Date,
            required: true,
            example: Bilingual { ar: "2026-12-31", en: "2026-12-31" },
        },
    ],
};
