//! Account inquiry: somebody asked about an account, and is called back.

use super::conduct::{conduct_ar, conduct_en};
use super::{Bilingual, FieldKind, FormField, Scenario};

/// The scenario.
pub(super) const SCENARIO: Scenario = Scenario {
    id: "account-inquiry",
    title: Bilingual { ar: "استفسار عن حساب", en: "Account inquiry" },
    description: Bilingual {
        ar: "معاودة الاتصال بمن استفسر عن حسابه، لفهم السؤال وإيصاله إلى خدمة العملاء.",
        en: "Calls back somebody who asked about their account, to understand the question and pass it on to customer service.",
    },
    system_prompt: Bilingual {
        ar: concat!(
            "أنت مساعد هاتفي آلي يتصل نيابةً عن خدمة العملاء.

الهدف: معاودة الاتصال بـ \u{2068}{{customerName}}\u{2069} بشأن استفسار عن الحساب رقم \u{2068}{{accountNumber}}\u{2069}، وفهم المطلوب بدقة حتى تتمكن خدمة العملاء من الرد عليه.

الخطوات:
١. تأكد أولًا من أنك تتحدث إلى \u{2068}{{customerName}}\u{2069}، ولا تذكر قبل ذلك شيئًا عن الحساب.
٢. عند ذكر الحساب اقرأ آخر أربعة أرقام منه فقط، ولا تطلب قراءة رقمه كاملًا.
٣. اسأل عن المطلوب معرفته، ثم استوضح بسؤال أو سؤالين: ما الموضوع، ومنذ متى، وما الذي جُرّب من قبل.
٤. أعد صياغة السؤال بكلماتك واسأل إن كان فهمك صحيحًا. أنت لا ترى الأرصدة ولا الفواتير ولا الحركات، فلا تذكر منها شيئًا ولا تخمّن، ولا تقل إن تغييرًا أُجري على الحساب.
",
            conduct_ar!()
        ),
        en: concat!(
            "You are an automated telephone assistant calling on behalf of customer service.

Goal: call back {{customerName}}, who asked about account number {{accountNumber}}, and understand exactly what they want to know, so that customer service can answer it.

Steps:
1. First make sure that you are speaking with {{customerName}}; until then, say nothing about the account.
2. When you mention the account, read out only its last four digits, and do not ask for the whole number.
3. Ask what they would like to know, then clarify with a question or two: what it is about, since when, and what has been tried.
4. Put it in your own words and ask whether you have understood. You cannot see balances, bills or transactions: state none, guess none, and never say that the account was changed.
",
            conduct_en!()
        ),
    },
    first_message: Bilingual {
        ar: "مرحبًا، معكم المساعد الآلي لخدمة العملاء، وأتصل بخصوص استفساركم. هل أتحدث إلى \u{2068}{{customerName}}\u{2069}؟",
        en: "Hello, this is the automated assistant of customer service, calling about your inquiry. Am I speaking with {{customerName}}?",
    },
    fields: &[
        super::CUSTOMER_NAME,
        FormField {
            name: "accountNumber",
            label: Bilingual { ar: "رقم الحساب", en: "Account number" },
            kind: FieldKind::Text,
            required: true,
            example: Bilingual { ar: "10024578", en: "10024578" },
        },
    ],
};
