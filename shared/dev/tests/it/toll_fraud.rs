//! Somebody who wants calls to be dear: numbers that cost by their kind, numbers without end, and a key that was stolen. What a
//! deployment allows unless its operator says otherwise stops them, and says each time why, and which setting decides.
//!
//! `SWITCHBOARD_TEST_DESTINATIONS` says how many numbers are tried one after the other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::Scope;

use crate::harness::{Answer, Caller, TestWorld};
use crate::rows::{rows_of, rows_that_matter};
use crate::sizes::{size, tell};

/// The policy as the template has it.
const DEFAULTS: [(&str, &str); 5] = [
    ("CallCapPerDestination", "5"),
    ("CallCapPerRange", "30"),
    ("CallCapNewDestinations", "60"),
    ("CallDailySpend", "50.00"),
    ("CallDailySpendPerKey", "25.00"),
];
const NEW_AN_HOUR: u64 = 60;
const INTO_A_RANGE_AN_HOUR: usize = 30;
const TO_ONE_A_DAY: usize = 5;
/// Numbers tried in a run of the usual size, and attempts in a minute.
const USUAL_DESTINATIONS: u64 = 160;
const A_MINUTE: u64 = 40;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

async fn call(caller: &Caller<'_>, to: &str, lasts_secs: u32) -> Answer {
    let body = json!({"channel": "phone", "provider": "twilio", "to": to, "maxDurationSecs": lasts_secs});
    caller.post("/api/calls", &body).await
}

/// The refusal is of this kind, and names the setting that decides.
#[track_caller]
fn refused(answer: &Answer, (status, code): (u16, &str), reason: &str, names: &str) {
    answer.refused(status, code);
    assert_eq!(answer.json.pointer("/error/reason"), Some(&json!(reason)), "{}", answer.json);
    assert_eq!(answer.json.pointer("/error/details/0/field"), Some(&json!("to")));
    let message = answer.text("/error/details/0/message");
    assert!(message.contains(names), "{names} is not in: {message}");
}

fn dials(world: &TestWorld) -> usize {
    world.world.simulators().meter().unwrap().dials
}

#[test]
fn the_defaults_are_the_templates() {
    let template = crate::deployment::template();
    for (name, value) in DEFAULTS {
        let default = &template["Parameters"][name]["Default"];
        let default = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
        assert_eq!(default, value, "{name}");
    }
}

#[tokio::test]
async fn numbers_that_are_dear_by_their_kind_or_place_are_never_dialled() {
    let world = TestWorld::with(&DEFAULTS).await;
    let local = world.as_local();
    let before = rows_that_matter(&world).await;
    let (number, place) = ((400, "invalid_phone_number"), (403, "forbidden"));
    for (to, kind, reason, names) in [
        ("+19002345678", number, "premium_number", "premium-rate"),
        ("+449012345678", number, "premium_number", "premium-rate"),
        ("+96890012345", number, "premium_number", "premium-rate"),
        ("+971900234567", number, "premium_number", "premium-rate"),
        ("+447012345678", number, "premium_number", "premium-rate"),
        ("+979123456789", number, "premium_number", "premium-rate"),
        ("+966920012345", number, "shared_cost_number", "shared-cost"),
        ("+971700512345", number, "shared_cost_number", "shared-cost"),
        ("+870773111632", number, "satellite_number", "satellite"),
        ("+881612345678", number, "satellite_number", "satellite"),
        ("+88299999999", number, "satellite_number", "satellite"),
        ("+883510001234567", number, "satellite_number", "satellite"),
        ("+33612345678", place, "country_not_listed", "CALL_COUNTRIES"),
        ("+79161234567", place, "country_not_listed", "CALL_COUNTRIES"),
        ("+18762101234", place, "country_not_listed", "CALL_COUNTRIES"),
        ("+12046234567", place, "country_not_listed", "CALL_COUNTRIES"),
        ("+447797712345", place, "country_not_listed", "CALL_COUNTRIES"),
    ] {
        let answer = call(&local, to, 60).await;
        refused(&answer, kind, reason, names);
        assert!(
            !answer.json.to_string().contains(to.trim_start_matches('+')),
            "the answer repeats the number: {}",
            answer.json
        );
    }
    for short in ["911", "+911", "112", "999", "+968112"] {
        call(&local, short, 60).await.refused(400, "invalid_phone_number");
    }
    assert_eq!(dials(&world), 0);
    assert_eq!(rows_that_matter(&world).await, before, "nothing was written, nothing counted");
}

#[tokio::test]
async fn nobody_is_called_until_the_operator_has_said_where() {
    let world = TestWorld::with(&[("CallCountries", "")]).await;
    let answer = call(&world.as_local(), "+15005550001", 60).await;
    refused(&answer, (403, "forbidden"), "countries_not_set", "CALL_COUNTRIES");
    assert_eq!(dials(&world), 0);
}

#[tokio::test]
async fn numbers_without_end_are_stopped_at_so_many_an_hour() {
    let wanted = size("SWITCHBOARD_TEST_DESTINATIONS", USUAL_DESTINATIONS);
    let world = TestWorld::with(&DEFAULTS).await;
    let key = world.new_key("victim", [Scope::CallsWrite]).await;
    let thief = world.bearing(&key);
    let mut by_hour: BTreeMap<i64, u64> = BTreeMap::new();
    let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
    for number in 0..wanted {
        // Every one in a range of its own, all over Oman's mobile networks.
        let to = format!("+9689{:03}{:04}", 100 + number % 900, number / 900 * 7 + 13);
        let answer = call(&thief, &to, 10).await;
        if answer.status == 202 {
            *by_hour.entry(world.now().epoch_secs().div_euclid(3_600)).or_default() += 1;
        } else {
            refused(&answer, (429, "rate_limited"), "new_destinations_cap", "CALL_CAP_NEW_DESTINATIONS");
            *reasons.entry(answer.text("/error/reason")).or_default() += 1;
        }
        if number % A_MINUTE == A_MINUTE - 1 {
            world.advance(MINUTE).await;
        }
    }
    let placed: u64 = by_hour.values().sum();
    assert!(by_hour.values().all(|placed| *placed <= NEW_AN_HOUR), "{by_hour:?}");
    assert_eq!(by_hour.values().next(), Some(&NEW_AN_HOUR), "what is allowed is given");
    assert_eq!(placed + reasons.values().sum::<u64>(), wanted);
    assert_eq!(u64::try_from(dials(&world)).unwrap(), placed);
    // A refused number leaves nothing behind: it does not count as known.
    let known = rows_of(&world, "DESTINATION#victim#").await.len();
    assert_eq!(u64::try_from(known).unwrap(), placed);
    tell(&format!("{wanted} numbers tried, {placed} dialled in {} hours; {reasons:?}", by_hour.len()));
    // Whoever was called before is still called, and so is everybody by the tenant next door.
    call(&thief, "+96891000013", 10).await.expect(202);
    let other = world.new_key("neighbour", [Scope::CallsWrite]).await;
    call(&world.bearing(&other), "+96899990001", 10).await.expect(202);
}

#[tokio::test]
async fn a_range_and_a_number_have_their_own_measure() {
    let world = TestWorld::with(&DEFAULTS).await;
    let local = world.as_local();
    for number in 0..INTO_A_RANGE_AN_HOUR {
        call(&local, &format!("+9689111{number:04}"), 10).await.expect(202);
    }
    let next = call(&local, "+96891119999", 10).await;
    refused(&next, (429, "rate_limited"), "range_cap", "CALL_CAP_PER_RANGE");
    // Not even one of those that were called before; another range is another matter.
    let again = call(&local, "+96891110000", 10).await;
    refused(&again, (429, "rate_limited"), "range_cap", "CALL_CAP_PER_RANGE");
    for _ in 0..TO_ONE_A_DAY {
        call(&local, "+96892220000", 10).await.expect(202);
    }
    let once_more = call(&local, "+96892220000", 10).await;
    refused(&once_more, (429, "rate_limited"), "destination_cap", "CALL_CAP_PER_DESTINATION");
    // An hour later the range is free again, and the number is not; a day later it is.
    world.advance(HOUR).await;
    call(&local, "+96891119999", 10).await.expect(202);
    let later = call(&local, "+96892220000", 10).await;
    refused(&later, (429, "rate_limited"), "destination_cap", "CALL_CAP_PER_DESTINATION");
    world.advance(24 * HOUR).await;
    call(&local, "+96892220000", 10).await.expect(202);
    assert_eq!(dials(&world), INTO_A_RANGE_AN_HOUR + TO_ONE_A_DAY + 2);
}

#[tokio::test]
async fn a_stolen_key_is_stopped_by_its_own_day_and_the_tenants_other_keys_go_on() {
    let mut parameters = DEFAULTS.to_vec();
    parameters[0].1 = "0";
    let world = TestWorld::with(&parameters).await;
    let mut keys = Vec::new();
    for tenant in ["acme", "acme", "acme", "neighbour"] {
        keys.push(world.new_key(tenant, [Scope::CallsWrite]).await);
    }
    let callers: Vec<Caller<'_>> = keys.iter().map(|key| world.bearing(key)).collect();
    let [stolen, own, third, neighbour] = &callers[..] else { unreachable!() };
    let budget = (429, "budget_exceeded");
    // An hour is held back at $9.00 while the call lives, and these live for ever: two fit into $25.00.
    let stays = "+15005550004";
    for _ in 0..2 {
        call(stolen, stays, 3_600).await.expect(202);
    }
    for _ in 0..3 {
        let answer = call(stolen, stays, 3_600).await;
        refused(&answer, budget, "key_daily_spend", "CALL_DAILY_SPEND_PER_KEY");
    }
    // The other keys go on, each for itself, until the tenant's $50.00 are held.
    for _ in 0..2 {
        call(own, stays, 3_600).await.expect(202);
    }
    refused(&call(own, stays, 3_600).await, budget, "key_daily_spend", "CALL_DAILY_SPEND_PER_KEY");
    call(third, stays, 3_600).await.expect(202);
    refused(&call(third, stays, 3_600).await, budget, "tenant_daily_spend", "CALL_DAILY_SPEND");
    // A shorter one still fits, as the message says.
    call(third, stays, 1_200).await.expect(202);
    call(neighbour, stays, 3_600).await.expect(202);
    assert_eq!(dials(&world), 7);
    // A refused attempt holds nothing back: what is held is what is up.
    let day = world.now().to_string().chars().take(10).collect::<String>();
    let acme = switchboard_core::TenantId::parse("acme").unwrap();
    assert_eq!(world.world.store().spend_of_day(&acme, &day, None).await.unwrap(), 5 * 9_000_000 + 3_000_000);
    world.advance(24 * HOUR).await;
    call(stolen, stays, 3_600).await.expect(202);
}

#[tokio::test]
async fn the_spelling_of_a_number_is_no_way_round_its_cap() {
    let world = TestWorld::with(&DEFAULTS).await;
    let local = world.as_local();
    let spellings = ["+96892220000", "+968 9222 0000", "+968-9222-0000", "+968 92 220 000", "(+968) 9222.0000"];
    for to in spellings {
        call(&local, to, 10).await.expect(202);
    }
    for to in spellings {
        let answer = call(&local, to, 10).await;
        refused(&answer, (429, "rate_limited"), "destination_cap", "CALL_CAP_PER_DESTINATION");
    }
    let body = json!({"channel": "phone", "provider": "hamsa", "to": "92220000", "region": "OM"});
    let answer = local.post("/api/calls", &body).await;
    refused(&answer, (429, "rate_limited"), "destination_cap", "CALL_CAP_PER_DESTINATION");
    assert_ne!(answer.json, Value::Null);
}
