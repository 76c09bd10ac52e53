//! What the simulated OMI understands and says: the script of a customer-service agent, as tables.
//!
//! Only data and how it is matched. Places such as `{name}` are filled by `conversation.rs`; a line whose places cannot all
//! be filled is passed over, and of the others the first that was not used yet is said. So lines with facts come first,
//! and a line with `{said}` (what the customer said earlier on the same topic) before those that always fit.

use super::language::{Wording, contains};

mod courtesies;
mod topics;

/// One thing that a customer may want.
#[derive(Debug)]
pub(super) struct Intent {
    /// As in `context.lastIntent`.
    pub(super) name: &'static str,
    /// A higher rank wins over any number of cues: "cancel my internet" is about cancelling.
    pub(super) rank: u8,
    /// What it is called when it is spoken of later; absent for courtesies, which are not spoken of.
    pub(super) topic: Option<Topic>,
    pub(super) cues: Wording,
    pub(super) replies: Wording,
    pub(super) action: Option<&'static str>,
    pub(super) question: Option<Question>,
}

/// The name of a topic within a sentence.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) en: &'static str,
    pub(super) ar: &'static str,
}

/// What is asked at the end of a reply, and what a yes or a no to it leads to.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) ask: Wording,
    pub(super) yes: Wording,
    pub(super) yes_action: Option<&'static str>,
    pub(super) no: Wording,
    pub(super) no_action: Option<&'static str>,
}

/// The intent of folded text: the highest rank, then the most matched letters, then the first in the table.
pub(super) fn of(folded_text: &str) -> Option<&'static Intent> {
    let mut best: Option<(&'static Intent, (u8, usize))> = None;
    for intent in all() {
        let cues = intent.cues.en.iter().chain(intent.cues.ar);
        let matched: usize = cues.filter(|cue| contains(folded_text, cue)).map(|cue| cue.chars().count()).sum();
        let score = (intent.rank, matched);
        if matched > 0 && best.is_none_or(|(_, highest)| score > highest) {
            best = Some((intent, score));
        }
    }
    best.map(|(intent, _)| intent)
}

/// The intent of that name.
pub(super) fn named(name: &str) -> Option<&'static Intent> {
    all().find(|intent| intent.name == name)
}

fn all() -> impl Iterator<Item = &'static Intent> {
    topics::TOPICS.iter().chain(&courtesies::COURTESIES)
}

/// Words with which an answer to a question begins.
pub(super) const YES: Wording = Wording {
    en: &["yes", "yeah", "yep", "yup", "sure", "ok", "okay", "please do", "go ahead", "of course", "correct", "right"],
    ar: &["نعم", "اجل", "ايوه", "ايوا", "أكيد", "طبعا", "موافق", "تمام", "حسنا"],
};

/// The same for a refusal.
pub(super) const NO: Wording = Wording {
    en: &["no", "nope", "nah", "not now", "dont", "do not", "never mind", "not really", "wrong"],
    ar: &["لا", "كلا", "مو الحين", "ليس الآن", "ما أريد", "لا أريد"],
};

/// A yes where nothing was asked.
pub(super) const YES_TO_NOTHING: Wording = Wording {
    en: &[
        "Good. Tell me what I should do: check your line, look at a bill, or change your plan?",
        "All right. What would you like to go on with?",
    ],
    ar: &["جيد. ماذا تريد أن أفعل: فحص الخط، أو مراجعة فاتورة، أو تغيير باقتك؟", "حسناً، بماذا تود أن نتابع؟"],
};

/// A no where nothing was asked.
pub(super) const NO_TO_NOTHING: Wording = Wording {
    en: &["No problem. Is there something else I can look into?", "Understood. I am here if you need anything else."],
    ar: &["لا بأس. هل هناك أمر آخر أنظر فيه؟", "مفهوم. أنا هنا إذا احتجت إلى أي شيء آخر."],
};

/// What is said when nothing matched.
pub(super) const FALLBACK: Wording = Wording {
    en: &[
        "I am not sure that I understood \"{heard}\". Is it about your connection, a bill, your account or your plan?",
        "You said \"{heard}\". I cannot settle that by myself yet; shall I take it down for a colleague?",
        "\"{heard}\" is not something I have an answer to. Could you put it in other words?",
    ],
    ar: &[
        "لست متأكداً أنني فهمت «{heard}». هل يتعلق الأمر بالاتصال أم بفاتورة أم بحسابك أم بباقتك؟",
        "قلت «{heard}»، ولا أستطيع حل ذلك بنفسي الآن. هل أدوّنه لأحد الزملاء؟",
        "ليس لدي جواب عن «{heard}». هل يمكنك قوله بكلمات أخرى؟",
    ],
};

/// What is said when a customer only gives a name.
pub(super) const INTRODUCED: Wording = Wording {
    en: &["Nice to meet you, {name}. What can I do for you?", "Thank you, {name}. How can I help?"],
    ar: &["تشرفنا يا {name}. كيف أخدمك؟", "شكراً يا {name}. بماذا أساعدك؟"],
};

/// What is said when a customer only gives a number.
pub(super) const NOTED: Wording = Wording {
    en: &["Thank you, I have noted {number}. What is it about?", "{number}, noted. How can I help you with it?"],
    ar: &["شكراً، سجلت الرقم {number}. بماذا يتعلق؟", "تم تسجيل {number}. كيف أساعدك بشأنه؟"],
};

/// What is said to a recording without speech.
pub(super) const NOT_HEARD: Wording = Wording {
    en: &["I could not hear you. Could you repeat that, please?", "There was no sound. Please say that once more."],
    ar: &["لم أسمعك. هل يمكنك الإعادة من فضلك؟", "لم يصلني أي صوت. من فضلك قلها مرة أخرى."],
};

#[cfg(test)]
mod tests {
    use super::super::language::folded;
    use super::*;

    #[test]
    fn inputs_are_understood_as_a_person_would() {
        for (text, name) in [
            ("Hello, I need help with my internet connection", "connectivity"),
            ("my wifi keeps dropping", "connectivity"),
            ("Hi there", "greeting"),
            ("Why is my bill so high?", "billing"),
            ("I want to pay my invoice", "payment"),
            ("please cancel my internet", "cancel"),
            ("Can I upgrade to a faster internet plan?", "upgrade"),
            ("I forgot my password", "account"),
            ("Let me talk to a human", "human"),
            ("thanks a lot", "thanks"),
            ("goodbye", "goodbye"),
            ("can you repeat that?", "repeat"),
            ("do you remember my name?", "recall"),
            ("what is my name?", "recall"),
            ("what is my bill?", "billing"),
            ("when will the technician come", "appointment"),
            ("what can you do", "help"),
            ("الإنترنت عندي مقطوع", "connectivity"),
            ("فاتورتي مرتفعة جدا", "billing"),
            ("السلام عليكم", "greeting"),
            ("أريد التحدث مع موظف", "human"),
            ("أريد إلغاء الاشتراك", "cancel"),
            ("أريد ترقية الباقة", "upgrade"),
            ("شكرا جزيلا", "thanks"),
            ("أحتاج إلى مساعدة من فضلك", "help"),
            ("أعد من فضلك", "repeat"),
            ("كيف أغير باقتي", "upgrade"),
            ("وفاتورتي؟", "billing"),
        ] {
            assert_eq!(of(&folded(text)).map(|intent| intent.name), Some(name), "{text}");
        }
        assert!(of(&folded("purple elephants")).is_none());
    }

    #[test]
    fn every_line_exists_in_both_languages_and_names_are_unique() {
        let mut names: Vec<_> = all().map(|intent| intent.name).collect();
        for intent in all() {
            let questions = intent.question.iter().flat_map(|q| [&q.ask, &q.yes, &q.no]);
            for wording in [&intent.cues, &intent.replies].into_iter().chain(questions) {
                assert!(!wording.en.is_empty() && !wording.ar.is_empty(), "{}", intent.name);
            }
        }
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
