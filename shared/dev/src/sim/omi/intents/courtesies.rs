//! What customers say around their topics: greetings, thanks, and talk about the talk itself.

use super::super::language::Wording;
use super::{Intent, Question};

pub(super) static COURTESIES: [Intent; 7] = [HUMAN, RECALL, REPEAT, GOODBYE, THANKS, HELP, GREETING];

const GREETING: Intent = Intent {
    name: "greeting",
    rank: 5,
    topic: None,
    cues: Wording {
        en: &["hello", "hi", "hey", "good morning", "good afternoon", "good evening", "greetings"],
        ar: &["مرحبا", "السلام عليكم", "أهلا", "صباح الخير", "مساء الخير", "هلا"],
    },
    // The greeting itself is put in front by the conversation.
    replies: Wording {
        en: &[
            "I see that you contacted us about this: {issue}. Is that still so?",
            "This is customer service. What can I do for you?",
            "We were talking about {topics}. Shall we go on with that?",
            "I am still here. What can I do for you?",
        ],
        ar: &[
            "أرى أنك تواصلت معنا بخصوص: {issue}. هل ما زال الأمر كذلك؟",
            "معك خدمة العملاء. كيف أخدمك؟",
            "كنا نتحدث عن {topics}. هل نكمل؟",
            "ما زلت معك. كيف أخدمك؟",
        ],
    },
    action: None,
    question: None,
};

const THANKS: Intent = Intent {
    name: "thanks",
    rank: 6,
    topic: None,
    cues: Wording {
        en: &["thanks", "thank you", "thx", "cheers", "appreciate*", "great", "perfect"],
        ar: &["شكرا", "مشكور", "يعطيك العافية", "ممتاز"],
    },
    replies: Wording {
        en: &[
            "You are welcome. Is there anything else?",
            "Gladly, {name}. Anything else I can do?",
            "My pleasure. I am here if something else comes up.",
        ],
        ar: &[
            "على الرحب والسعة. هل هناك شيء آخر؟",
            "بكل سرور يا {name}. هل من خدمة أخرى؟",
            "العفو. أنا هنا إن طرأ شيء آخر.",
        ],
    },
    action: None,
    question: None,
};

const GOODBYE: Intent = Intent {
    name: "goodbye",
    rank: 8,
    topic: None,
    cues: Wording {
        en: &["bye", "goodbye", "see you", "thats all", "that is all", "good night", "hang up"],
        ar: &["مع السلامة", "وداعا", "إلى اللقاء", "هذا كل شيء", "تصبح على خير"],
    },
    replies: Wording {
        en: &[
            "Goodbye, {name}. Today we talked about {topics}; I have noted it all.",
            "Goodbye. Today we talked about {topics}; I have noted it all.",
            "Goodbye, and thank you for calling.",
        ],
        ar: &[
            "مع السلامة يا {name}. تحدثنا اليوم عن {topics} وقد سجلت كل شيء.",
            "مع السلامة. تحدثنا اليوم عن {topics} وقد سجلت كل شيء.",
            "مع السلامة وشكراً لاتصالك.",
        ],
    },
    action: Some("end_conversation"),
    question: None,
};

const HELP: Intent = Intent {
    name: "help",
    rank: 4,
    topic: None,
    cues: Wording {
        en: &["help", "what can you do", "support", "problem", "assist*", "question"],
        ar: &["مساعدة", "ساعدني", "ماذا تستطيع", "مشكلة", "مشكلت", "سؤال", "استفسار"],
    },
    replies: Wording {
        en: &[
            "I can test your line, look at bills and payments, open your account, or change your plan. Which is it?",
            "Tell me what happened, and since when.",
            "Is it about your connection, a bill, your account or your plan?",
        ],
        ar: &[
            "أستطيع فحص خطك، ومراجعة الفواتير والدفع، وفتح حسابك، أو تغيير باقتك. أيها تريد؟",
            "أخبرني ماذا حدث ومنذ متى.",
            "هل يتعلق الأمر بالاتصال أم بفاتورة أم بحسابك أم بباقتك؟",
        ],
    },
    action: None,
    question: None,
};

const HUMAN: Intent = Intent {
    name: "human",
    rank: 50,
    topic: None,
    cues: Wording {
        en: &["human", "real person", "a person", "agent", "representative", "operator", "someone else", "manager"],
        ar: &["موظف", "شخص حقيقي", "إنسان", "مشرف", "مدير"],
    },
    replies: Wording {
        en: &[
            "I am connecting you to a colleague, who will see our conversation about {topics}.",
            "I am connecting you to a colleague. Please stay on the line.",
            "You are next in the queue; a colleague will take over in a moment.",
        ],
        ar: &[
            "سأحولك إلى أحد الزملاء، وسيرى حديثنا عن {topics}.",
            "سأحولك إلى أحد الزملاء. من فضلك ابق على الخط.",
            "أنت التالي في الانتظار، وسيتولى زميل الأمر بعد لحظات.",
        ],
    },
    action: Some("transfer_to_human"),
    question: Some(Question {
        ask: Wording {
            en: &["May a colleague call you back if the line drops?"],
            ar: &["هل يمكن أن يعاود زميل الاتصال بك إذا انقطع الخط؟"],
        },
        yes: Wording {
            en: &["Good, I have noted that you may be called back."],
            ar: &["حسناً، سجلت أنه يمكن معاودة الاتصال بك."],
        },
        yes_action: Some("schedule_callback"),
        no: Wording { en: &["Good, we will not call back."], ar: &["حسناً، لن نعاود الاتصال."] },
        no_action: None,
    }),
};

const REPEAT: Intent = Intent {
    name: "repeat",
    rank: 45,
    topic: None,
    cues: Wording {
        en: &["repeat", "say that again", "say it again", "once more", "pardon", "what did you say", "come again"],
        ar: &["أعدها", "أعد ما", "أعد من", "كرر", "مرة أخرى", "ماذا قلت", "عفوا"],
    },
    replies: Wording {
        en: &[
            "I said: {last}",
            "Of course, once more: {last}",
            "{unspoken}There is nothing to repeat yet. How can I help?",
        ],
        ar: &["قلت: {last}", "بالطبع، مرة أخرى: {last}", "{unspoken}ليس هناك ما أعيده بعد. كيف أساعدك؟"],
    },
    action: None,
    question: None,
};

const RECALL: Intent = Intent {
    name: "recall",
    rank: 46,
    topic: None,
    cues: Wording {
        en: &[
            "do you remember",
            "whats my name",
            "what is my name",
            "what is my issue",
            "what is my problem",
            "who am i",
            "what did i tell",
            "what did i say",
            "what was my",
            "do you know my",
            "remind me",
        ],
        ar: &["هل تتذكر", "هل تذكر", "ما اسمي", "من أنا", "ماذا قلت لك", "ما هو رقم", "ذكرني"],
    },
    replies: Wording {
        en: &[
            "This is what I know: {known}.",
            "As far as I have been told: {known}.",
            "{unknown}You have not told me anything about yourself yet.",
        ],
        ar: &["هذا ما أعرفه: {known}.", "حسب ما قيل لي: {known}.", "{unknown}لم تخبرني بشيء عن نفسك بعد."],
    },
    action: None,
    question: None,
};
