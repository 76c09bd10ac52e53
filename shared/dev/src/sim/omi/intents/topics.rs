//! What customers call about.

use super::super::language::Wording;
use super::{Intent, Question, Topic};

pub(super) static TOPICS: [Intent; 7] = [CANCEL, UPGRADE, CONNECTIVITY, PAYMENT, BILLING, ACCOUNT, APPOINTMENT];

const CONNECTIVITY: Intent = Intent {
    name: "connectivity",
    rank: 30,
    topic: Some(Topic { en: "your connection", ar: "اتصالك بالإنترنت" }),
    cues: Wording {
        en: &[
            "internet",
            "wifi",
            "wi fi",
            "connection",
            "connect*",
            "router",
            "modem",
            "offline",
            "disconnect*",
            "slow",
            "signal",
            "network",
            "broadband",
            "outage",
            "no service",
            "dropping",
            "fibre",
            "fiber",
        ],
        ar: &["انترنت", "إنترنت", "شبكة", "واي فاي", "راوتر", "مودم", "اتصال", "مقطوع", "بطيء", "انقطاع"],
    },
    replies: Wording {
        en: &[
            "You told me earlier: \"{said}\". The latest test still shows errors on the line.",
            "I am sorry about the trouble with your connection. I have started a test of your line.",
            "Your line answers, but it loses packets between your router and our exchange. I am testing it again.",
            "The line test is the same as before, so the fault is likely in the last metres to your home.",
        ],
        ar: &[
            "ذكرت لي سابقاً: «{said}». ما زال آخر فحص يظهر أخطاء على الخط.",
            "أعتذر عن المشكلة في اتصالك. لقد بدأت فحصاً للخط.",
            "خطك يستجيب، لكنه يفقد بعض البيانات بين جهازك والمقسم. أعيد الفحص الآن.",
            "نتيجة الفحص كما كانت، فالأرجح أن العطل في الأمتار الأخيرة قبل منزلك.",
        ],
    },
    action: Some("run_line_test"),
    question: Some(Question {
        ask: Wording {
            en: &["Have you restarted your router today?", "Are the lights on your router green?"],
            ar: &["هل أعدت تشغيل جهاز الراوتر اليوم؟", "هل أضواء الراوتر خضراء؟"],
        },
        yes: Wording {
            en: &[
                "Thank you, that rules out the router. I am booking a technician for tomorrow morning.",
                "Good, then it is not your equipment. I am sending a technician tomorrow.",
            ],
            ar: &[
                "شكراً، هذا يستبعد الراوتر. سأحجز لك فنياً صباح الغد.",
                "جيد، إذن ليست المشكلة في جهازك. سأرسل فنياً غداً.",
            ],
        },
        yes_action: Some("book_technician"),
        no: Wording {
            en: &[
                "Please switch the router off for ten seconds and on again. I will watch the line meanwhile.",
                "Then let me restart it from here; it will be back within two minutes.",
            ],
            ar: &[
                "من فضلك أطفئ الراوتر عشر ثوانٍ ثم شغّله. سأراقب الخط في هذه الأثناء.",
                "إذن سأعيد تشغيله من هنا، وسيعود خلال دقيقتين.",
            ],
        },
        no_action: Some("restart_router"),
    }),
};

const BILLING: Intent = Intent {
    name: "billing",
    rank: 30,
    topic: Some(Topic { en: "your bill", ar: "فاتورتك" }),
    cues: Wording {
        en: &["bill", "bills", "billing", "invoice*", "charge*", "overcharged", "refund", "balance", "price", "cost*"],
        ar: &["فاتور", "رصيد", "مبلغ", "رسوم", "استرداد", "سعر"],
    },
    replies: Wording {
        en: &[
            "I have your account open: the balance is {balance}, due on {dueDate}.",
            "You told me earlier: \"{said}\". I have put a note on that bill, so nothing is collected while we check.",
            "I have your latest bill here. The monthly fee is as agreed; what differs is usage outside your plan.",
            "I have gone through the bill line by line and marked the usage charges for review.",
        ],
        ar: &[
            "حسابك أمامي: الرصيد المستحق {balance} وموعده {dueDate}.",
            "ذكرت لي سابقاً: «{said}». وضعت ملاحظة على الفاتورة فلا يُحصّل شيء حتى نراجعها.",
            "أمامي آخر فاتورة. الرسوم الشهرية كما اتفقنا، والفرق هو استخدام خارج الباقة.",
            "راجعت الفاتورة بنداً بنداً وعلّمت رسوم الاستخدام للمراجعة.",
        ],
    },
    action: Some("open_bill"),
    question: Some(Question {
        ask: Wording {
            en: &["Shall I have the bill reviewed?", "Would you like a colleague to go over it?"],
            ar: &["هل أطلب مراجعة الفاتورة؟", "هل تريد أن يدققها أحد الزملاء؟"],
        },
        yes: Wording {
            en: &["Done: the review takes two working days, and you will get a message with the result."],
            ar: &["تم: تستغرق المراجعة يومي عمل وستصلك رسالة بالنتيجة."],
        },
        yes_action: Some("review_bill"),
        no: Wording {
            en: &["As you wish. The bill stays as it is."], ar: &["كما تريد. تبقى الفاتورة كما هي."]
        },
        no_action: None,
    }),
};

const PAYMENT: Intent = Intent {
    name: "payment",
    rank: 32,
    topic: Some(Topic { en: "a payment", ar: "الدفع" }),
    cues: Wording {
        en: &["pay", "paid", "payment*", "paying", "card", "instal*", "due"],
        ar: &["دفع", "ادفع", "سداد", "أسدد", "بطاقة", "بطاقت", "تقسيط", "قسط"],
    },
    replies: Wording {
        en: &[
            "{balance} is open and due on {dueDate}. I am sending you a link to pay it.",
            "The link I sent is still good. You told me earlier: \"{said}\".",
            "You can pay by card through a link that I am sending you now.",
            "I have sent a new payment link; the old one no longer works.",
        ],
        ar: &[
            "المبلغ المستحق {balance} وموعده {dueDate}. سأرسل لك رابط الدفع.",
            "الرابط الذي أرسلته ما زال صالحاً. ذكرت لي سابقاً: «{said}».",
            "يمكنك الدفع بالبطاقة عبر رابط أرسله إليك الآن.",
            "أرسلت رابط دفع جديداً، والقديم لم يعد يعمل.",
        ],
    },
    action: Some("send_payment_link"),
    question: Some(Question {
        ask: Wording {
            en: &["Would you rather pay in instalments?", "Do you need more time to pay?"],
            ar: &["هل تفضل الدفع بالتقسيط؟", "هل تحتاج إلى مهلة أطول للدفع؟"],
        },
        yes: Wording {
            en: &["I have set up three monthly instalments for you, without extra cost."],
            ar: &["رتبت لك ثلاثة أقساط شهرية دون رسوم إضافية."],
        },
        yes_action: Some("arrange_instalments"),
        no: Wording {
            en: &["Good, then the link is all you need."], ar: &["حسناً، يكفيك الرابط إذن."]
        },
        no_action: None,
    }),
};

const ACCOUNT: Intent = Intent {
    name: "account",
    rank: 30,
    topic: Some(Topic { en: "your account", ar: "حسابك" }),
    cues: Wording {
        en: &["account", "password", "login", "log in", "sign in", "profile", "email", "address", "username"],
        ar: &["حساب", "كلمة المرور", "كلمة السر", "تسجيل الدخول", "بريد", "عنوان"],
    },
    replies: Wording {
        en: &[
            "I have account {account} open in front of me.",
            "You told me earlier: \"{said}\". Your account shows no change since then.",
            "I can open your account for you. I have checked that nothing in it is blocked.",
            "Your account is in order, and the last sign-in was from your usual device.",
        ],
        ar: &[
            "حسابك رقم {account} مفتوح أمامي.",
            "ذكرت لي سابقاً: «{said}». لم يتغير شيء في حسابك منذ ذلك الحين.",
            "أستطيع فتح حسابك. تحققت من أنه ليس فيه ما هو موقوف.",
            "حسابك سليم، وآخر دخول كان من جهازك المعتاد.",
        ],
    },
    action: Some("look_up_account"),
    question: Some(Question {
        ask: Wording {
            en: &["Shall I send you a link to reset the password?", "Do you need a new password?"],
            ar: &["هل أرسل لك رابطاً لتغيير كلمة المرور؟", "هل تحتاج إلى كلمة مرور جديدة؟"],
        },
        yes: Wording {
            en: &["The link is on its way to the address we have on file."],
            ar: &["الرابط في طريقه إلى العنوان المسجل لدينا."],
        },
        yes_action: Some("send_reset_link"),
        no: Wording { en: &["Then I leave it as it is."], ar: &["إذن أتركه كما هو."] },
        no_action: None,
    }),
};

const UPGRADE: Intent = Intent {
    name: "upgrade",
    rank: 35,
    topic: Some(Topic { en: "a change of plan", ar: "تغيير الباقة" }),
    cues: Wording {
        en: &["upgrade*", "faster", "better plan", "new plan", "change plan", "change my plan", "more data", "premium"],
        ar: &["ترقية", "باقة", "باقت", "أسرع", "تغيير الخطة"],
    },
    replies: Wording {
        en: &[
            "You are on {plan} now. {newPlan} would give you more for a little extra each month.",
            "You are on {plan} now. The next plan up doubles your speed.",
            "You told me earlier: \"{said}\". The offer still stands.",
            "There is a plan with twice the speed at your address.",
            "The faster plan can be active within the hour.",
        ],
        ar: &[
            "أنت الآن على باقة {plan}. باقة {newPlan} تعطيك أكثر مقابل زيادة بسيطة كل شهر.",
            "أنت الآن على باقة {plan}. الباقة التالية تضاعف سرعتك.",
            "ذكرت لي سابقاً: «{said}». ما زال العرض قائماً.",
            "توجد في عنوانك باقة بضعف السرعة.",
            "يمكن تفعيل الباقة الأسرع خلال ساعة.",
        ],
    },
    action: Some("show_offers"),
    question: Some(Question {
        ask: Wording {
            en: &["Shall I switch you over?", "Would you like me to activate it?"],
            ar: &["هل أنقلك إليها؟", "هل تريد أن أفعّلها؟"],
        },
        yes: Wording {
            en: &["Your new plan is active from tomorrow, and the old one ends tonight."],
            ar: &["باقتك الجديدة فعالة من الغد، وتنتهي القديمة الليلة."],
        },
        yes_action: Some("change_plan"),
        no: Wording {
            en: &["No problem, you stay on the plan you have."], ar: &["لا بأس، تبقى على باقتك الحالية."]
        },
        no_action: None,
    }),
};

const CANCEL: Intent = Intent {
    name: "cancel",
    rank: 40,
    topic: Some(Topic { en: "cancelling", ar: "الإلغاء" }),
    cues: Wording {
        en: &[
            "cancel*",
            "terminate",
            "close my account",
            "unsubscribe",
            "leave you",
            "end my contract",
            "switch provider",
        ],
        ar: &["إلغاء", "الغي", "ألغي", "إنهاء الاشتراك", "فسخ"],
    },
    replies: Wording {
        en: &[
            "You told me earlier: \"{said}\". The cancellation is prepared but not yet sent.",
            "I am sorry that you want to leave us. Your contract can end with thirty days' notice.",
            "I can prepare the cancellation. It takes effect at the end of next month.",
        ],
        ar: &[
            "ذكرت لي سابقاً: «{said}». الإلغاء جاهز لكنه لم يُرسل بعد.",
            "يؤسفني أنك تريد تركنا. يمكن إنهاء العقد بإشعار ثلاثين يوماً.",
            "أستطيع تجهيز الإلغاء، ويسري في نهاية الشهر القادم.",
        ],
    },
    action: Some("prepare_cancellation"),
    question: Some(Question {
        ask: Wording {
            en: &["Would you like to hear an offer before you decide?", "May I show you a cheaper plan first?"],
            ar: &["هل تود سماع عرض قبل أن تقرر؟", "هل أعرض عليك باقة أرخص أولاً؟"],
        },
        yes: Wording {
            en: &["Then here it is: half the price for six months, and you can leave at any time."],
            ar: &["إليك العرض: نصف السعر لستة أشهر، ويمكنك المغادرة متى شئت."],
        },
        yes_action: Some("offer_discount"),
        no: Wording {
            en: &["I have sent the cancellation. You will get it confirmed in writing."],
            ar: &["أرسلت طلب الإلغاء، وسيصلك التأكيد كتابةً."],
        },
        no_action: Some("send_cancellation"),
    }),
};

const APPOINTMENT: Intent = Intent {
    name: "appointment",
    rank: 33,
    topic: Some(Topic { en: "an appointment", ar: "الموعد" }),
    cues: Wording {
        en: &["technician", "appointment", "visit", "engineer", "come over", "schedule*", "reschedule"],
        ar: &["فني", "موعد", "زيارة", "مهندس"],
    },
    replies: Wording {
        en: &[
            "You told me earlier: \"{said}\". The appointment stands as we left it.",
            "A technician can come tomorrow between nine and twelve.",
            "The next free appointment after that is the day after tomorrow, in the afternoon.",
        ],
        ar: &[
            "ذكرت لي سابقاً: «{said}». الموعد كما تركناه.",
            "يمكن أن يأتي الفني غداً بين التاسعة والثانية عشرة.",
            "الموعد التالي المتاح بعد غد بعد الظهر.",
        ],
    },
    action: None,
    question: Some(Question {
        ask: Wording { en: &["Does that suit you?"], ar: &["هل يناسبك ذلك؟"] },
        yes: Wording {
            en: &["It is booked. The technician calls half an hour before arriving."],
            ar: &["تم الحجز. سيتصل الفني قبل وصوله بنصف ساعة."],
        },
        yes_action: Some("book_technician"),
        no: Wording {
            en: &["Then tell me a day that suits you better."], ar: &["إذن قل لي أي يوم يناسبك أكثر."]
        },
        no_action: None,
    }),
};
