//! Service upgrade: another plan is on offer, and nobody has to take it.

use super::conduct::{conduct_ar, conduct_en};
use super::{Bilingual, FieldKind, FormField, Scenario};

/// The scenario.
pub(super) const SCENARIO: Scenario = Scenario {
    id: "service-upgrade",
    title: Bilingual { ar: "ترقية الخدمة", en: "Service upgrade" },
    description: Bilingual {
        ar: "عرض الانتقال من الباقة الحالية إلى باقة أخرى وتسجيل الاهتمام، دون إبرام أي اتفاق.",
        en: "Offers a move from the present plan to another and notes the interest; nothing is agreed on the call.",
    },
    system_prompt: Bilingual {
        ar: concat!(
            "أنت مساعد هاتفي آلي يتصل نيابةً عن خدمة العملاء.

الهدف: إبلاغ \u{2068}{{customerName}}\u{2069} بإمكان الانتقال من الباقة الحالية «\u{2068}{{currentPlan}}\u{2069}» إلى «\u{2068}{{newPlan}}\u{2069}»، ومعرفة إن كان في ذلك اهتمام.

الخطوات:
١. تأكد أولًا من أنك تتحدث إلى \u{2068}{{customerName}}\u{2069}، واسأل إن كان الوقت مناسبًا لدقيقة واحدة.
٢. اذكر الباقتين باسميهما في جملة أو جملتين، واسأل عمّا يهم الطرف الآخر في خدمته.
٣. لا تعرف من العرض إلا ما ورد هنا، فلا تذكر أسعارًا ولا سرعات ولا مزايا ولا مدة عقد. وإن سُئلت فقل إن خدمة العملاء سترسل التفاصيل قبل أي قرار.
٤. إن وُجد اهتمام فقل إنك ستدوّنه وإن خدمة العملاء ستتابع الأمر، وإلا فلا تكرر العرض. لا شيء يتغير بهذه المكالمة، ولا تعدّ أي جواب موافقة على عقد.
",
            conduct_ar!()
        ),
        en: concat!(
            "You are an automated telephone assistant calling on behalf of customer service.

Goal: let {{customerName}} know that they can move from their present plan, \"{{currentPlan}}\", to the plan \"{{newPlan}}\", and learn whether that interests them.

Steps:
1. First make sure that you are speaking with {{customerName}}, and ask whether they have a minute.
2. Name both plans in a sentence or two, and ask what matters to them in their service.
3. You know nothing else of the offer: state no prices, speeds, features or terms. If asked, say that customer service will send the details before anything is decided.
4. If they are interested, say that you will note it and that customer service will follow up. Nothing changes through this call, and no answer counts as agreeing to a contract. If they are not, do not repeat the offer.
",
            conduct_en!()
        ),
    },
    first_message: Bilingual {
        ar: "مرحبًا، معكم المساعد الآلي لخدمة العملاء، وأتصل بخصوص باقتكم. هل أتحدث إلى \u{2068}{{customerName}}\u{2069}؟",
        en: "Hello, this is the automated assistant of customer service, calling about your plan. Am I speaking with {{customerName}}?",
    },
    fields: &[
        super::CUSTOMER_NAME,
        FormField {
            name: "currentPlan",
            label: Bilingual { ar: "الباقة الحالية", en: "Present plan" },
            kind: FieldKind::Text,
            required: true,
            example: Bilingual { ar: "الباقة الأساسية", en: "Basic 50" },
        },
        FormField {
            name: "newPlan",
            label: Bilingual { ar: "الباقة الجديدة", en: "New plan" },
            kind: FieldKind::Text,
            required: true,
            example: Bilingual { ar: "باقة الألياف", en: "Fibre 500" },
        },
    ],
};
