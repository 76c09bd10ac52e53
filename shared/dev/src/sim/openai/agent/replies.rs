//! What the simulated agent says, and what its callers are taken to have said.
//!
//! Recognisable rather than clever: what the instructions put into quotation marks is said literally; what was asked comes
//! back in the answer.

/// What a caller says who is only heard, turn by turn; from the last on, the last.
const CALLER: [[&str; 3]; 2] = [
    ["Hello, can you hear me?", "What can you help me with?", "Thank you, that is all. Goodbye."],
    ["مرحبا، هل تسمعني؟", "بماذا تستطيع أن تساعدني؟", "شكرا لك، هذا كل شيء. مع السلامة."],
];

/// What is answered to each of these.
const ANSWERS: [[&str; 3]; 2] = [
    [
        "Hello! Yes, I can hear you loud and clear. How can I help you today?",
        "I can explain your bill, look into your connection, or change your plan. Which would you like?",
        "You are welcome. Goodbye, and have a good day.",
    ],
    [
        "مرحبا! نعم، أسمعك بوضوح. كيف أساعدك اليوم؟",
        "أستطيع شرح فاتورتك أو فحص خطك أو تغيير باقتك. ماذا تفضل؟",
        "على الرحب والسعة. مع السلامة.",
    ],
];

const GREETING: [&str; 2] = ["Hello, how can I help you today?", "مرحبا، كيف أساعدك اليوم؟"];

/// How much of a text is repeated, in characters.
const REPEATED_CHARS: usize = 120;

/// Whether a text is written in Arabic.
pub(super) fn is_arabic(text: Option<&str>) -> bool {
    text.is_some_and(|text| text.chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter)))
}

/// What a caller says in a turn, from 0.
pub(super) fn caller_says(turn: usize, in_arabic: bool) -> &'static str {
    let [english, arabic] = &CALLER;
    let script = if in_arabic { arabic } else { english };
    script.get(turn).or(script.last()).copied().unwrap_or_default()
}

/// What is answered to what the caller said last, under these instructions.
pub(super) fn reply(instructions: Option<&str>, said: Option<&str>) -> String {
    if let Some(literally) = instructions.and_then(quoted) {
        return literally.to_owned();
    }
    let in_arabic = is_arabic(said) || (said.is_none() && is_arabic(instructions));
    let pick = |both: [&'static str; 2]| if in_arabic { both[1] } else { both[0] };
    let scripted = said.and_then(|said| {
        let both = CALLER.iter().zip(ANSWERS.iter());
        both.flat_map(|(said, answers)| said.iter().zip(answers.iter())).find(|(known, _)| **known == said)
    });
    let answer = match (scripted, said) {
        (Some((_, answer)), _) => (*answer).to_owned(),
        (None, Some(said)) if !said.trim().is_empty() => {
            let said = shortened(said);
            let answer = pick(["You said “{said}”. I have noted that.", "قلت «{said}»، وقد سجلت ذلك."]);
            answer.replace("{said}", &said)
        }
        (None, _) => pick(GREETING).to_owned(),
    };
    match instructions {
        Some(instructions) => {
            let told = pick([" I was told: {told}", " وقيل لي: {told}"]);
            answer + &told.replace("{told}", &shortened(instructions))
        }
        None => answer,
    }
}

/// The first text in quotation marks.
fn quoted(text: &str) -> Option<&str> {
    [('"', '"'), ('“', '”'), ('«', '»')].into_iter().find_map(|(open, close)| {
        let (_, behind) = text.split_once(open)?;
        let (inside, _) = behind.split_once(close)?;
        (!inside.trim().is_empty()).then(|| inside.trim())
    })
}

fn shortened(text: &str) -> String {
    let text = text.trim();
    let mut short: String = text.chars().take(REPEATED_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_comes_back_to_what_was_said_and_keeps_to_its_instructions() {
        for (instructions, said, answer) in [
            (None, None, "Hello, how can I help you today?"),
            (None, Some("my name is Sara"), "You said “my name is Sara”. I have noted that."),
            (None, Some("اسمي منى"), "قلت «اسمي منى»، وقد سجلت ذلك."),
            (None, Some("Hello, can you hear me?"), ANSWERS[0][0]),
            (None, Some("هذا كل شيء"), "قلت «هذا كل شيء»، وقد سجلت ذلك."),
            (Some("Always say \"Blue heron.\" first"), Some("hello"), "Blue heron."),
            (Some("رحب بالعربية"), None, "مرحبا، كيف أساعدك اليوم؟ وقيل لي: رحب بالعربية"),
            (Some("Be brief."), Some("hi"), "You said “hi”. I have noted that. I was told: Be brief."),
        ] {
            assert_eq!(reply(instructions, said), answer);
        }
        let long = reply(None, Some(&"word ".repeat(100)));
        assert!(long.chars().count() < 200 && long.contains('…'), "{long}");
    }

    #[test]
    fn a_caller_has_something_to_say_in_every_turn() {
        assert_eq!(caller_says(0, false), "Hello, can you hear me?");
        assert_eq!(caller_says(7, false), caller_says(2, false));
        assert!(is_arabic(Some(caller_says(1, true))));
    }
}
