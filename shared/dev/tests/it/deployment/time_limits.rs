//! What a function waits for, against what it may take.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use switchboard_providers::{Operation, hamsa, omi, omnidimension, openai, twilio};

use crate::harness::TestWorld;

/// What an HTTP API waits for a function.
const GATEWAY_LIMIT: Duration = Duration::from_secs(30);
/// What a request to AWS may take, all attempts together (shared/lambda's boot).
const AWS_LIMIT: Duration = Duration::from_millis(4_500);

/// Which requests to which provider a function makes.
const ASKED_OF_PROVIDERS: &[(&str, &str, &[&str])] = &[
    ("session", "omi", &["session open", "session update", "session close"]),
    ("process", "omi", &["process", "process audio"]),
    ("health", "omi", &["health", "auth verify"]),
    ("health", "hamsa", &["probe"]),
    ("health", "omnidimension", &["probe", "balance"]),
    ("health", "twilio", &["account read", "balance"]),
    ("health", "openai", &["probe"]),
    ("agents", "hamsa", &["agents"]),
    ("agents", "omnidimension", &["agents", "agent create", "agent change"]),
    ("agents", "twilio", &["number list"]),
    ("agents", "openai", &[]),
    ("call-create", "hamsa", &["agents", "probe", "place", "token", "token init"]),
    ("call-create", "omnidimension", &["agents", "probe", "place", "token"]),
    ("call-create", "twilio", &["account read", "call place"]),
    ("call-create", "openai", &[]),
    ("call-end", "hamsa", &["end", "read"]),
    ("call-end", "omnidimension", &["read", "list"]),
    ("call-end", "twilio", &["call end", "call read", "call list", "recording list"]),
    ("call-end", "openai", &["hang up", "hang up again"]),
    ("realtime-token", "hamsa", &[]),
    ("realtime-token", "omnidimension", &[]),
    ("realtime-token", "twilio", &[]),
    (
        "realtime-token",
        "openai",
        &["client secret", "broker", "hang up", "hang up again", "chat session", "chat cancel"],
    ),
    ("call-read", "hamsa", &["probe", "project", "statistics"]),
    ("webhook", "hamsa", &["read"]),
    ("webhook", "omnidimension", &["read", "list"]),
    // It signs what it says, so that nothing has to be looked up.
    ("webhook", "twilio", &[]),
    ("webhook", "openai", &["accept", "reject"]),
    ("sweep", "hamsa", &["end", "read", "list", "recording"]),
    ("sweep", "omnidimension", &["read", "list", "balance", "recording"]),
    (
        "sweep",
        "twilio",
        &["call end", "call read", "call list", "recording list", "recording fetch", "balance", "account read"],
    ),
    ("sweep", "openai", &["hang up", "hang up again", "accept", "reject"]),
];

/// Every request to every provider, by provider and name.
fn operations() -> BTreeMap<(&'static str, &'static str), Operation> {
    let of = |provider: &'static str, operations: &[Operation]| -> Vec<_> {
        operations.iter().map(|known| ((provider, known.name), *known)).collect()
    };
    let all = [
        of("omi", &omi::OPERATIONS),
        of("hamsa", &hamsa::OPERATIONS),
        of("omnidimension", &omnidimension::OPERATIONS),
        of("twilio", &twilio::OPERATIONS),
        of("openai", &openai::OPERATIONS),
    ];
    all.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_slow_provider_leaves_a_function_the_time_to_say_so() {
    let world = TestWorld::start().await;
    let operations = operations();
    let mut unasked: BTreeSet<(&str, &str)> = operations.keys().copied().collect();
    for spec in world.world.specs() {
        let asked = || ASKED_OF_PROVIDERS.iter().filter(|(function, ..)| *function == spec.name);
        for (provider, name) in
            asked().flat_map(|(_, provider, names)| names.iter().map(move |name| (*provider, *name)))
        {
            unasked.remove(&(provider, name));
            // A look is given up after two seconds, whatever the request may take.
            let longest =
                operations[&(provider, name)].longest().min(patience(&spec.name)) + spent_before(&spec.name, name);
            assert!(longest + AWS_LIMIT <= spec.timeout, "{} waits {longest:?} for {provider}'s {name}", spec.name);
        }
        for (provider, address) in [
            ("omi", "OMI_BASE_URL"),
            ("hamsa", "HAMSA_BASE_URL"),
            ("omnidimension", "OMNIDIMENSION_BASE_URL"),
            ("twilio", "TWILIO_BASE_URL"),
            ("openai", "OPENAI_BASE_URL"),
        ] {
            let asks = asked().any(|(_, asked, _)| *asked == provider);
            assert_eq!(spec.environment.contains_key(address), asks, "{}: the table above is complete", spec.name);
        }
        let waited_for = !spec.routes.is_empty();
        assert!(!waited_for || spec.timeout < GATEWAY_LIMIT, "{} answers before the gateway does", spec.name);
        assert!(spec.timeout > AWS_LIMIT * 2, "{} can wait for the table, and say that it did", spec.name);
    }
    assert_eq!(unasked, BTreeSet::new(), "some function makes each request");
}

/// How long a function waits for a provider at most, whatever the request may take.
fn patience(function: &str) -> Duration {
    if ["health", "webhook"].contains(&function) { Duration::from_secs(2) } else { Duration::MAX }
}

/// What a function may have spent on other requests before it makes this one: a call is placed after each of three providers was
/// given a second to say that it is there, and the chosen one four to tell of its agent.
fn spent_before(function: &str, operation: &str) -> Duration {
    let places = function == "call-create" && operation.ends_with("place");
    if places { Duration::from_secs(3 + 4) } else { Duration::ZERO }
}
