use super::*;

#[derive(Default)]
struct Talk {
    memory: Memory,
    context: Map<String, Value>,
}

impl Talk {
    fn with(context: Value) -> Self {
        let Value::Object(context) = context else { panic!("a context is an object") };
        Self { memory: Memory::default(), context }
    }

    fn reply(&mut self, input: &str) -> Reply {
        reply(&mut self.memory, &mut self.context, Language::English, input)
    }

    fn say(&mut self, input: &str) -> String {
        self.reply(input).text
    }
}

#[test]
fn different_inputs_get_different_replies_and_their_own_actions() {
    let cases = [
        ("Hello, I need help with my internet connection", "connectivity", Some("run_line_test")),
        ("Why is my bill so high?", "billing", Some("open_bill")),
        ("I would like to pay", "payment", Some("send_payment_link")),
        ("I forgot my password", "account", Some("look_up_account")),
        ("I want to upgrade", "upgrade", Some("show_offers")),
        ("Cancel my contract", "cancel", Some("prepare_cancellation")),
        ("Give me a human", "human", Some("transfer_to_human")),
        ("Thanks", "thanks", None),
        ("Bye", "goodbye", Some("end_conversation")),
        ("Purple elephants dance", "fallback", None),
    ];
    let mut replies = Vec::new();
    for (input, intent, action) in cases {
        let mut talk = Talk::default();
        let reply = talk.reply(input);
        assert_eq!(reply.intent, intent, "{input}");
        assert_eq!(reply.actions.first().and_then(|a| a["type"].as_str()), action, "{input}");
        assert_eq!(talk.context["lastIntent"], intent);
        replies.push(reply.text);
    }
    replies.sort();
    replies.dedup();
    assert_eq!(replies.len(), cases.len());
}

#[test]
fn the_same_conversation_always_goes_the_same_way() {
    let talk = || {
        let mut talk = Talk::with(json!({"customerName": "John Doe"}));
        ["hello", "my wifi is down", "no", "and my bill?", "yes", "bye"].map(|input| talk.say(input))
    };
    assert_eq!(talk(), talk());
}

#[test]
fn the_context_given_at_the_start_is_used() {
    let mut talk = Talk::with(json!({"customerName": "John Doe", "issue": "Internet connectivity problem"}));
    let reply = talk.say("Hello");
    assert!(reply.contains("John Doe") && reply.contains("Internet connectivity problem"), "{reply}");
    let mut talk = Talk::with(json!({"currentPlan": "Home 100", "newPlan": "Home 500", "accountBalance": 42.5,
        "dueDate": "1 December"}));
    let reply = talk.say("I want an upgrade");
    assert!(reply.contains("Home 100") && reply.contains("Home 500"), "{reply}");
    let reply = talk.say("what is open on my bill?");
    assert!(reply.contains("42.5") && reply.contains("1 December"), "{reply}");
}

#[test]
fn what_was_said_earlier_is_remembered() {
    let mut talk = Talk::default();
    talk.say("My name is Sara");
    assert_eq!(talk.context["customerName"], "Sara");
    talk.say("my wifi drops every evening");
    talk.say("thanks");
    let again = talk.say("the internet is still bad");
    assert!(again.contains("You told me earlier") && again.contains("my wifi drops every evening"), "{again}");
    let known = talk.say("what is my name?");
    assert!(known.contains("Sara"), "{known}");
    let bye = talk.say("goodbye");
    assert!(bye.contains("Sara") && bye.contains("your connection"), "{bye}");
    assert_eq!(talk.context["turnCount"], 6);
}

#[test]
fn a_yes_or_no_answers_the_question_that_was_asked() {
    let mut yes = Talk::default();
    yes.say("my internet is slow");
    let reply = yes.reply("yes, this morning");
    assert_eq!((reply.intent.as_str(), &reply.actions[0]["type"]), ("connectivity.yes", &json!("book_technician")));

    let mut no = Talk::default();
    no.say("my internet is slow");
    let reply = no.reply("no thanks");
    assert_eq!((reply.intent.as_str(), &reply.actions[0]["type"]), ("connectivity.no", &json!("restart_router")));

    let mut other = Talk::default();
    other.say("my internet is slow");
    assert_eq!(other.reply("no, my bill is wrong").intent, "billing");
    assert_eq!(Talk::default().reply("yes").intent, "yes");
}

#[test]
fn the_last_reply_is_repeated_when_asked_for() {
    let mut talk = Talk::default();
    let said = talk.say("I forgot my password");
    assert!(talk.say("could you repeat that?").contains(&said));
    let first = Talk::default().say("repeat");
    assert!(first.contains("nothing to repeat"), "{first}");
}

#[test]
fn a_conversation_never_says_the_same_twice_in_a_row() {
    for input in ["my internet is down", "hello", "blah blah", "yes", "thanks", "cancel", "repeat", "what is my name"] {
        let mut talk = Talk::default();
        let replies: Vec<String> = (0..12).map(|_| talk.say(input)).collect();
        assert!(replies.windows(2).all(|pair| pair[0] != pair[1]), "{input}: {replies:#?}");
    }
}

#[test]
fn arabic_is_answered_in_arabic_and_remembered_alike() {
    let mut talk = Talk::default();
    let hello = talk.reply("السلام عليكم، اسمي سالم");
    assert_eq!(hello.language, Language::Arabic);
    assert!(hello.text.contains("سالم"), "{}", hello.text);
    let line = talk.reply("الإنترنت عندي مقطوع");
    assert_eq!(line.intent, "connectivity");
    assert_eq!(talk.reply("نعم").intent, "connectivity.yes");
    let again = talk.say("ما زال الإنترنت بطيئاً");
    assert!(again.contains("الإنترنت عندي مقطوع"), "{again}");
    let name = talk.say("ما اسمي؟");
    assert!(name.contains("سالم") && !name.contains("your name"), "{name}");
    // The other language in the same conversation is answered in kind.
    assert_eq!(talk.reply("and my bill?").language, Language::English);
}

#[test]
fn the_configured_language_decides_where_the_input_has_no_letters() {
    let (mut memory, mut context) = (Memory::default(), Map::new());
    assert_eq!(reply(&mut memory, &mut context, Language::Arabic, "12345").language, Language::Arabic);
    assert_eq!(context["referenceNumber"], "12345");
}

#[test]
fn an_unknown_topic_is_quoted_and_not_pretended_to_be_understood() {
    let reply = Talk::default().say("Can a penguin use your app?");
    assert!(reply.contains("Can a penguin use your app"), "{reply}");
}

#[test]
fn silence_is_answered_by_asking_again() {
    let mut talk = Talk::default();
    let first = not_heard(&mut talk.memory, &mut talk.context, Language::English).text;
    let second = not_heard(&mut talk.memory, &mut talk.context, Language::English).text;
    assert!(first.contains("repeat") && first != second);
}
