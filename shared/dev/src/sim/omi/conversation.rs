//! The simulated OMI's side of a conversation: from what was said, what is known and what was said before, to a reply.
//!
//! Deterministic: the same conversation always goes the same way, and no line is said twice while another would fit. It
//! knows nothing of HTTP, sessions or audio; the script is in `intents.rs`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::facts::{self, Learned, quoted};
use super::intents::{self, Intent, Question};
use super::language::{Language, Wording, contains, folded};

/// Up to this many words a yes or a no that answers nothing is taken as just that.
const SHORT_WORDS: usize = 3;

/// What one conversation remembers beside its context.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Memory {
    /// Where among its wordings a conversation begins, so that two worlds need not sound alike.
    seed: u64,
    /// How many inputs there were.
    pub(super) turns: u32,
    /// The first words of the customer on each topic, by intent.
    said: BTreeMap<String, String>,
    /// The topics in the order in which they came up.
    topics: Vec<String>,
    /// The intent whose question is still open.
    asked: Option<String>,
    /// Our last reply.
    last: Option<String>,
    /// The lines already said, by wording.
    used: BTreeMap<String, Vec<usize>>,
}

impl Memory {
    pub(super) fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }
}

/// What is said back.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) intent: String,
    pub(super) language: Language,
    pub(super) actions: Vec<Value>,
}

/// One input on its way to a reply.
struct Turn<'a> {
    memory: &'a mut Memory,
    context: &'a mut Map<String, Value>,
    language: Language,
    input: &'a str,
    learned: Learned,
    /// What the intent's earlier inputs were, for `{said}`.
    said: Option<String>,
}

/// What an input was taken for.
enum Heard {
    Answer { asked: &'static Intent, question: &'static Question, yes: bool },
    Intent(&'static Intent),
    Said(&'static str, &'static Wording),
}

/// Answers an input. The context learns from it.
pub(super) fn reply(memory: &mut Memory, context: &mut Map<String, Value>, configured: Language, input: &str) -> Reply {
    let folded_input = folded(input);
    let language = Language::of(input, configured);
    let learned = facts::learn(input, &folded_input, context);
    let heard = hear(memory, &folded_input, &learned);
    let greeted = intents::named("greeting").is_some_and(|greeting| {
        greeting.cues.en.iter().chain(greeting.cues.ar).any(|cue| contains(&folded_input, cue))
    });
    let mut turn = Turn { memory, context, language, input, learned, said: None };
    let (intent, body, action) = turn.speak(&heard);
    let text = match turn.opening(greeted, &heard) {
        Some(opening) => format!("{opening} {body}"),
        None => body,
    };
    turn.close(intent, text, action)
}

/// Answers a recording without speech.
pub(super) fn not_heard(memory: &mut Memory, context: &mut Map<String, Value>, language: Language) -> Reply {
    let mut turn = Turn { memory, context, language, input: "", learned: Learned::default(), said: None };
    let text = turn.line("no_speech", &intents::NOT_HEARD);
    turn.close("no_speech".to_owned(), text, None)
}

fn hear(memory: &Memory, folded_input: &str, learned: &Learned) -> Heard {
    let begins = |cues: &Wording| {
        let mut cues = cues.en.iter().chain(cues.ar);
        cues.any(|cue| folded_input.starts_with(&format!(" {} ", folded(cue).trim())))
    };
    let (yes, no) = (begins(&intents::YES), begins(&intents::NO));
    let intent = intents::of(folded_input);
    let asked = memory.asked.as_deref().and_then(intents::named);
    if let Some((asked, question)) = asked.and_then(|asked| Some((asked, asked.question.as_ref()?)))
        && (yes || no)
        && intent.is_none_or(|intent| intent.topic.is_none() || intent.name == asked.name)
    {
        return Heard::Answer { asked, question, yes };
    }
    let only_polite = intent.is_none_or(|intent| matches!(intent.name, "greeting" | "help"));
    match intent {
        _ if only_polite && learned.name.is_some() => Heard::Said("introduction", &intents::INTRODUCED),
        _ if only_polite && learned.number.is_some() => Heard::Said("number", &intents::NOTED),
        Some(intent) => Heard::Intent(intent),
        None if (yes || no) && folded_input.split_whitespace().count() <= SHORT_WORDS => {
            if yes {
                Heard::Said("yes", &intents::YES_TO_NOTHING)
            } else {
                Heard::Said("no", &intents::NO_TO_NOTHING)
            }
        }
        None => Heard::Said("fallback", &intents::FALLBACK),
    }
}

impl Turn<'_> {
    /// The intent's name, what is said, and the action that goes with it.
    fn speak(&mut self, heard: &Heard) -> (String, String, Option<&'static str>) {
        match heard {
            Heard::Answer { asked, question, yes } => {
                self.memory.asked = None;
                let (word, wording, action) = if *yes {
                    ("yes", &question.yes, question.yes_action)
                } else {
                    ("no", &question.no, question.no_action)
                };
                let intent = format!("{}.{word}", asked.name);
                let text = self.line(&intent, wording);
                (intent, text, action)
            }
            Heard::Intent(intent) => {
                let text = self.speak_of(intent);
                (intent.name.to_owned(), text, intent.action)
            }
            Heard::Said(name, wording) => {
                let text = self.line(name, wording);
                ((*name).to_owned(), text, None)
            }
        }
    }

    fn speak_of(&mut self, intent: &'static Intent) -> String {
        self.said = self.memory.said.get(intent.name).cloned();
        let mut text = self.line(intent.name, &intent.replies);
        if let Some(question) = &intent.question {
            let ask = self.line(&format!("{}.ask", intent.name), &question.ask);
            text = format!("{text} {ask}");
            self.memory.asked = Some(intent.name.to_owned());
        }
        if intent.topic.is_some() {
            self.memory.said.entry(intent.name.to_owned()).or_insert_with(|| quoted(self.input));
            if !self.memory.topics.iter().any(|topic| topic == intent.name) {
                self.memory.topics.push(intent.name.to_owned());
            }
        }
        text
    }

    /// A greeting on the first turn and whenever greeted, thanks for a name or number given on the way.
    fn opening(&self, greeted: bool, heard: &Heard) -> Option<String> {
        let name = facts::known(self.context, &["customerName", "name"]);
        let english = self.language == Language::English;
        let only_said = matches!(heard, Heard::Said(..));
        if greeted || (self.memory.turns == 0 && !only_said) {
            return Some(match (name, english) {
                (Some(name), true) => format!("Hello {name}."),
                (None, true) => "Hello.".to_owned(),
                (Some(name), false) => format!("مرحباً {name}."),
                (None, false) => "مرحباً.".to_owned(),
            });
        }
        if only_said {
            return None;
        }
        match (&self.learned.name, &self.learned.number) {
            (Some(name), _) if english => Some(format!("Thank you, {name}.")),
            (Some(name), _) => Some(format!("شكراً يا {name}.")),
            (None, Some(number)) if english => Some(format!("I have noted {number}.")),
            (None, Some(number)) => Some(format!("سجلت الرقم {number}.")),
            (None, None) => None,
        }
    }

    /// The first line whose places can be filled and that was not said yet; when all were said, they start afresh.
    fn line(&mut self, key: &str, wording: &Wording) -> String {
        let lines = wording.in_language(self.language);
        let filled = lines.iter().enumerate().filter_map(|(index, line)| Some((index, self.filled(line)?)));
        let mut filled: Vec<(usize, String)> = filled.collect();
        let first = self.memory.seed.checked_rem(u64::try_from(filled.len()).unwrap_or(u64::MAX)).unwrap_or(0);
        filled.rotate_left(usize::try_from(first).unwrap_or(0));
        let used = self.memory.used.entry(format!("{}:{key}", self.language.tag())).or_default();
        if filled.iter().all(|(index, _)| used.contains(index)) {
            // The one said last is not the first to come again.
            used.drain(..used.len().saturating_sub(1));
        }
        let fresh = filled.iter().find(|(index, _)| !used.contains(index)).or(filled.first());
        let Some((index, text)) = fresh else { return String::new() };
        if !used.contains(index) {
            used.push(*index);
        }
        text.clone()
    }

    /// The line with its places filled, or `None` where one has nothing to be filled with.
    fn filled(&self, line: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once('{') {
            let (place, behind) = after.split_once('}')?;
            out.push_str(before);
            out.push_str(&self.place(place)?);
            rest = behind;
        }
        out.push_str(rest);
        Some(out)
    }

    fn place(&self, place: &str) -> Option<String> {
        let known = |keys: &[&str]| facts::known(self.context, keys);
        let summary = || facts::summary(self.context, self.memory.said.values(), self.language);
        match place {
            "name" => known(&["customerName", "name"]),
            "issue" => known(&["issue"]),
            "plan" => known(&["plan", "currentPlan"]),
            "newPlan" => known(&["newPlan"]),
            "account" => known(&["accountNumber"]),
            "balance" => known(&["accountBalance", "balance"]),
            "dueDate" => known(&["dueDate"]),
            "number" => self.learned.number.clone(),
            "heard" => Some(quoted(self.input)),
            "said" => self.said.clone(),
            "last" => self.memory.last.clone(),
            "unspoken" => self.memory.last.is_none().then(String::new),
            "topics" => self.topics(),
            "known" => summary(),
            "unknown" => summary().is_none().then(String::new),
            _ => None,
        }
    }

    fn topics(&self) -> Option<String> {
        let intents = self.memory.topics.iter().filter_map(|name| intents::named(name)?.topic.as_ref());
        let names: Vec<String> = intents
            .map(|topic| if self.language == Language::English { topic.en } else { topic.ar }.to_owned())
            .collect();
        (!names.is_empty()).then(|| facts::joined(&names, self.language))
    }

    fn close(self, intent: String, text: String, action: Option<&'static str>) -> Reply {
        let text = if self.memory.last.as_ref() == Some(&text) {
            match self.language {
                Language::English => format!("As I said: {text}"),
                Language::Arabic => format!("كما قلت: {text}"),
            }
        } else {
            text
        };
        self.memory.turns += 1;
        // What is repeated stays what it was, or repeating would repeat the repetition.
        if intent != "repeat" || self.memory.last.is_none() {
            self.memory.last = Some(text.clone());
        }
        self.context.insert("lastIntent".into(), json!(intent));
        self.context.insert("turnCount".into(), json!(self.memory.turns));
        let actions = action.map(|action| json!({"type": action, "reason": intent})).into_iter().collect();
        Reply { text, intent, language: self.language, actions }
    }
}

#[cfg(test)]
mod tests;
