//! What is refused before anything is dialled, each with its reason.

use switchboard_dev::credentials::HAMSA_VOICE_AGENT_ID;

use super::*;

/// An agent of simulated Hamsa's whose texts have placeholders.
const COLLECTIONS: &str = "5f0d8e7a-2c41-4b7e-9f2f-0e6a1d3c9b84";

/// Every scenario and what it needs.
const SCENARIOS: [(&str, &[&str]); 4] = [
    ("payment-reminder", &["accountBalance", "customerName", "dueDate"]),
    ("account-inquiry", &["accountNumber", "customerName"]),
    ("service-upgrade", &["currentPlan", "customerName", "newPlan"]),
    ("technical-support", &["customerName", "issue"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_placeholder_of_a_scenario_needs_a_value_and_the_provider_is_given_the_finished_texts() {
    let world = TestWorld::start().await;
    for (scenario, names) in SCENARIOS {
        let mut body = order("hamsa", &magic(1));
        body["scenario"] = json!(scenario);
        let refused = try_place(&world, &body).await;
        refused.refused(422, "missing_parameters");
        let mut missing: Vec<&str> =
            refused.json["error"]["missing"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        missing.sort_unstable();
        assert_eq!(missing, names, "{scenario}");
        assert!(refused.json["error"].get("callId").is_none(), "no call was written down");
        // An empty value is none.
        body["params"] = names.iter().map(|name| ((*name).to_owned(), json!("  "))).collect();
        try_place(&world, &body).await.refused(422, "missing_parameters");
        for language in ["en", "ar"] {
            body["params"] = names.iter().map(|name| ((*name).to_owned(), json!(format!("<{name}>")))).collect();
            body["language"] = json!(language);
            place(&world, &body).await;
            let sent = asked(&world, Provider::Hamsa, Operation::Place).pop().unwrap().body;
            for text in ["systemPrompt", "firstMessage"] {
                let text = sent["params"][text].as_str().unwrap();
                assert!(!text.contains("{{"), "{scenario} {language}: {text}");
                let arabic = text.chars().any(|char| ('\u{600}'..='\u{6ff}').contains(&char));
                assert_eq!(arabic, language == "ar", "{scenario}: {text}");
            }
            let first = sent["params"]["firstMessage"].as_str().unwrap();
            assert!(first.contains("<customerName>"), "{scenario} {language}: {first}");
        }
    }
    assert_eq!(meter(&world).dials, 8);
    let mut body = order("hamsa", &magic(1));
    body["scenario"] = json!("sales");
    try_place(&world, &body).await.refused_field(400, "invalid_request", "scenario");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_placeholder_of_an_agent_needs_a_value() {
    let world = TestWorld::start().await;
    let mut body = order("hamsa", &magic(1));
    body["agentId"] = json!(COLLECTIONS);
    body["params"] = json!({"dueDate": "2026-12-01"});
    let refused = try_place(&world, &body).await;
    refused.refused(422, "missing_parameters");
    assert_eq!(refused.json["error"]["missing"], json!(["customerName", "accountBalance"]));
    assert_eq!(meter(&world).dials, 0);
    body["params"] = json!({"dueDate": "2026-12-01", "customerName": "Amal", "accountBalance": "42 OMR"});
    place(&world, &body).await;
    // An agent without placeholders needs nothing.
    body["agentId"] = json!(HAMSA_VOICE_AGENT_ID);
    body["params"] = json!({});
    place(&world, &body).await;
    assert_eq!(meter(&world).dials, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_nobody_knows_or_that_is_anothers_is_named_as_the_field_that_is_wrong() {
    let world = TestWorld::start().await;
    for (provider, agent) in
        [("hamsa", "no-such-agent"), ("omnidimension", "999999"), ("omnidimension", "abc"), ("twilio", "any")]
    {
        let mut body = order(provider, &magic(1));
        body["agentId"] = json!(agent);
        try_place(&world, &body).await.refused_field(400, "invalid_request", "agentId");
    }
    let mut body = order("omnidimension", &magic(1));
    body["agentId"] = json!("1930");
    world.as_other().post(CALLS, &body).await.refused(404, "not_found");
    assert_eq!(meter(&world).dials, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_can_be_mended_comes_with_the_number_that_was_meant() {
    let world = TestWorld::start().await;
    for (to, region, suggestion) in [
        ("0096891234567", None, Some("+96891234567")),
        ("+44 (0)20 7946 0000", None, Some("+442079460000")),
        ("011 968 9123 4567", Some("US"), Some("+96891234567")),
        ("9123 4567", None, None),
        ("call me", None, None),
        ("112", Some("OM"), None),
        ("+999 1234 5678", None, None),
    ] {
        let mut body = order("hamsa", to);
        body["region"] = json!(region);
        let refused = try_place(&world, &body).await;
        refused.refused_field(400, "invalid_phone_number", "to");
        assert_eq!(refused.json["error"].get("suggestion").and_then(Value::as_str), suggestion, "{to}");
    }
    // A local number with its region is a whole one.
    let mut body = order("hamsa", "9123 4567");
    body["region"] = json!("OM");
    let placed = try_place(&world, &body).await;
    placed.expect(202);
    assert_eq!(placed.text("/to"), "+96891234567");
    assert_eq!(meter(&world).dials, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_the_policy_does_not_allow_are_refused_with_its_reason() {
    let world = TestWorld::start().await;
    for (to, status, code, reason) in [
        ("+4930901820", 403, "forbidden", "country_not_listed"),
        ("+19005550123", 400, "invalid_phone_number", "premium_number"),
        ("+870773111632", 400, "invalid_phone_number", "satellite_number"),
    ] {
        let refused = try_place(&world, &order("hamsa", to)).await;
        refused.expect(status);
        assert_eq!(refused.text("/error/code"), code, "{to}");
        assert_eq!(refused.text("/error/reason"), reason, "{to}");
    }
    let closed = TestWorld::with(&[("CallCountries", "")]).await;
    let refused = try_place(&closed, &order("hamsa", &magic(1))).await;
    refused.refused(403, "forbidden");
    assert_eq!(meter(&world).dials + meter(&closed).dials, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_calls_as_a_tenant_may_have_and_one_more_when_one_has_ended() {
    let world = TestWorld::with(&[("CallMaxConcurrent", "2")]).await;
    place(&world, &order("hamsa", &magic(1))).await;
    let stays = place(&world, &order("twilio", &magic(4))).await;
    let refused = try_place(&world, &order("hamsa", &magic(1))).await;
    refused.refused(429, "concurrency_limit");
    assert!(refused.json["error"].get("callId").is_none());
    // Another tenant has slots of its own, and a failed call takes none.
    world.as_other().post(CALLS, &order("hamsa", &magic(2))).await.expect(202);
    pass(&world, 40).await;
    try_place(&world, &order("hamsa", &magic(6))).await.refused(422, "provider_rejected");
    place(&world, &order("hamsa", &magic(4))).await;
    try_place(&world, &order("hamsa", &magic(1))).await.refused(429, "concurrency_limit");
    end(&world, &stays).await.expect(200);
    place(&world, &order("hamsa", &magic(1))).await;
    assert_eq!(meter(&world).dials, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_masked_for_whoever_may_place_calls_but_not_read_them() {
    let world = TestWorld::start().await;
    let key = world.new_key("local", [switchboard_core::Scope::CallsWrite]).await;
    let placed = world.bearing(&key).post(CALLS, &order("hamsa", "+96891234567")).await;
    placed.expect(202);
    let shown = placed.text("/to");
    assert!(shown.contains('•') && !shown.contains("9123"), "{shown}");
    world.bearing(&key).get(&format!("{CALLS}/{}", placed.text("/callId"))).await.refused(403, "forbidden");
}
