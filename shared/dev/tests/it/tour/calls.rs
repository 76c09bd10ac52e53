//! The part of the tour that calls make: placed, read and ended by their owners, told of by their providers, swept.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_dev::credentials::{LOCAL_KEY, OTHER_KEY, TWILIO_AUTH_TOKEN};
use switchboard_dev::sim::provider::Provider;

use super::{CANARY, Tourist};
use crate::harness::Answer;
use crate::signatures;

const CREATE: &str = "POST /api/calls";
const CREATE_AS_R1: &str = "POST /call/create";
const CREATE_AS_R4: &str = "POST /api/hamsa/call";
const END: &str = "POST /api/calls/{callId}/end";
const LIST: &str = "GET /api/calls";
const READ: &str = "GET /api/calls/{callId}";
const RECORDING: &str = "GET /api/calls/{callId}/recording";
const HAMSA: &str = "POST /webhooks/hamsa/{token}";
const OMNIDIMENSION: &str = "POST /webhooks/omnidimension/{token}";
const TWILIO: &str = "POST /webhooks/twilio";

/// A number that answers, talks and hangs up.
const TALKS: &str = "+15005550001";
/// One that never hangs up.
const STAYS: &str = "+15005550004";
/// Somebody's, as it cannot be called.
const MISWRITTEN: &str = "0096890007391";
/// A call of Twilio's that nobody here knows.
const UNKNOWN_SID: &str = "CA0000000000000000000000007391a07f";

/// Everything of it.
pub(super) async fn calls(tourist: &mut Tourist<'_>) {
    // Without the mark before it, so that no way of writing it goes unseen.
    tourist.private.extend([TALKS, STAYS, "+15005550100"].map(|number| number.trim_start_matches('+').to_owned()));
    tourist.private.extend(["90007391".to_owned(), UNKNOWN_SID.to_owned()]);
    let placed = placings(tourist).await;
    refusals(tourist).await;
    trouble(tourist).await;
    endings(tourist).await;
    deliveries(tourist).await;
    // Long enough for every call to end, and for what comes after it.
    tourist.pass(Duration::from_secs(20 * 60)).await;
    readings(tourist, &placed).await;
    hamsa_dashboard(tourist, &placed).await;
}

/// A request for a phone call that says as much as one can.
fn wish(provider: &str, to: &str) -> Value {
    json!({
        "channel": "phone", "provider": provider, "to": to, "params": {CANARY: CANARY}, "metadata": {CANARY: CANARY},
        "userId": CANARY, "maxDurationSecs": 120,
    })
}

async fn create(tourist: &mut Tourist<'_>, status: u16, body: &Value) -> Answer {
    let answer = tourist.json(CREATE, status, ("POST", "/api/calls"), LOCAL_KEY, body).await;
    tourist.learn(&answer);
    answer
}

/// Calls that go well; gives the ids of one with each provider.
async fn placings(tourist: &mut Tourist<'_>) -> Vec<String> {
    let to = ("POST", "/api/calls");
    let body = wish("twilio", TALKS);
    let first = tourist.keyed(CREATE, 202, to, LOCAL_KEY, Some(CANARY), &body).await;
    tourist.learn(&first);
    tourist.keyed(CREATE, 202, to, LOCAL_KEY, Some(CANARY), &body).await;
    tourist.keyed(CREATE, 422, to, LOCAL_KEY, Some(CANARY), &wish("twilio", STAYS)).await;
    let mut placed = vec![first.text("/callId")];
    for provider in ["hamsa", "omnidimension"] {
        placed.push(create(tourist, 202, &wish(provider, TALKS)).await.text("/callId"));
    }
    for provider in ["hamsa", "omnidimension"] {
        let joined = create(tourist, 202, &json!({"channel": "web", "provider": provider})).await;
        tourist.private.push(joined.text("/connect/token"));
    }
    let scenario = json!({
        "channel": "phone", "provider": "auto", "to": TALKS, "scenario": "payment-reminder", "language": "ar",
        "params": {"customerName": CANARY, "accountBalance": CANARY, "dueDate": CANARY},
    });
    create(tourist, 202, &scenario).await;
    let mut trial = wish("hamsa", TALKS);
    trial["dryRun"] = json!(true);
    create(tourist, 200, &trial).await;
    let r1 = json!({"phone_number": TALKS, "context": {CANARY: CANARY}});
    tourist.json(CREATE_AS_R1, 202, ("POST", "/call/create"), LOCAL_KEY, &r1).await;
    let r4 = json!({"toNumber": TALKS, "params": {CANARY: CANARY}});
    tourist.json(CREATE_AS_R4, 202, ("POST", "/api/hamsa/call"), LOCAL_KEY, &r4).await;
    placed
}

async fn refusals(tourist: &mut Tourist<'_>) {
    for (change, status) in [
        (json!({"channel": CANARY}), 400),
        (json!({"to": MISWRITTEN}), 400),
        (json!({"to": CANARY}), 400),
        (json!({"to": "+19005551234"}), 400),
        (json!({"to": "+33612345678"}), 403),
        (json!({"agentId": "canary 7f3a9"}), 400),
        (json!({"agentId": CANARY}), 400),
        (json!({"scenario": "payment-reminder"}), 422),
        (json!({"scenario": CANARY}), 400),
        (json!({"provider": "omi"}), 422),
        (json!({"params": {"canary 7f3a9": CANARY}}), 400),
        (json!({"metadata": {CANARY: CANARY.repeat(1_000)}}), 400),
    ] {
        let mut body = wish("hamsa", TALKS);
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        create(tourist, status, &body).await;
    }
    let to = ("POST", "/api/calls");
    tourist.json(CREATE, 401, to, CANARY, &wish("hamsa", TALKS)).await;
    let reader = tourist.world.new_key("local", [switchboard_core::Scope::CallsRead]).await;
    tourist.json(CREATE, 403, to, &reader, &wish("hamsa", TALKS)).await;
    tourist.json(CREATE_AS_R1, 400, ("POST", "/call/create"), LOCAL_KEY, &json!({"to": CANARY})).await;
    tourist.json(CREATE_AS_R4, 400, ("POST", "/api/hamsa/call"), LOCAL_KEY, &json!({"to": CANARY})).await;
}

/// Every way in which placing goes wrong, at each provider; the last try is another one's.
async fn trouble(tourist: &mut Tourist<'_>) {
    for provider in ["hamsa", "omnidimension", "twilio"] {
        for (effect, status) in [
            (json!({"fault": "status", "status": 422}), 422),
            (json!({"fault": "status", "status": 401}), 502),
            (json!({"fault": "garbage"}), 202),
            (json!({"fault": "reset_after_send"}), 202),
        ] {
            tourist.fault_at(provider, "place", effect).await;
            create(tourist, status, &wish(provider, TALKS)).await;
            tourist.no_faults().await;
        }
    }
    tourist.fault_at("hamsa", "place", json!({"fault": "status", "status": 400})).await;
    let mut body = wish("hamsa", TALKS);
    body["fallback"] = json!(["twilio"]);
    create(tourist, 202, &body).await;
    tourist.no_faults().await;
}

async fn endings(tourist: &mut Tourist<'_>) {
    let end = |id: &str| format!("/api/calls/{id}/end");
    let twilio = create(tourist, 202, &wish("twilio", STAYS)).await.text("/callId");
    tourist.keyed(END, 200, ("POST", &end(&twilio)), LOCAL_KEY, Some(CANARY), &Value::Null).await;
    tourist.json(END, 200, ("POST", &end(&twilio)), LOCAL_KEY, &Value::Null).await;
    tourist.json(END, 404, ("POST", &end(&twilio)), OTHER_KEY, &Value::Null).await;
    tourist.json(END, 404, ("POST", &end(CANARY)), LOCAL_KEY, &Value::Null).await;
    tourist.json(END, 401, ("POST", &end(&twilio)), "eyJcanary-7f3a9.e.e", &Value::Null).await;
    // Over a number of our own: where Hamsa fails, the line is ended at the carrier.
    let mut over_our_number = wish("hamsa", "+15005550044");
    over_our_number["from"] = json!("+15005550100");
    let hamsa = create(tourist, 202, &over_our_number).await.text("/callId");
    tourist.fault_at("hamsa", "end", json!({"fault": "status", "status": 500})).await;
    let path = format!("/api/hamsa/jobs/{hamsa}/end");
    tourist.json("POST /api/hamsa/jobs/{callId}/end", 200, ("POST", &path), LOCAL_KEY, &Value::Null).await;
    tourist.no_faults().await;
    // OmniDimension has nothing to be asked, and the carrier has the line only if it is over a number of our own.
    let mut over_our_number = wish("omnidimension", "+15005550054");
    over_our_number["from"] = json!("+15005550100");
    let omnidimension = create(tourist, 202, &over_our_number).await.text("/callId");
    tourist.json(END, 200, ("POST", &end(&omnidimension)), LOCAL_KEY, &Value::Null).await;
    let omnidimension = create(tourist, 202, &wish("omnidimension", STAYS)).await.text("/callId");
    let path = format!("/call/{omnidimension}/end");
    tourist.json("POST /call/{callId}/end", 422, ("POST", &path), LOCAL_KEY, &Value::Null).await;
}

async fn deliveries(tourist: &mut Tourist<'_>) {
    let form = |sid: &str, status: &str| {
        let fields = [
            ("CallSid", sid),
            ("AccountSid", switchboard_dev::credentials::TWILIO_ACCOUNT_SID),
            ("From", "+15005550100"),
            ("To", TALKS),
            ("CallStatus", status),
            ("Digits", CANARY),
        ];
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    };
    // Under a name that is nobody's: kept until somebody has it.
    let ringing = form(UNKNOWN_SID, "ringing");
    tourist.told_by_twilio(200, &ringing).await;
    tourist.told_by_twilio(200, &ringing).await;
    tourist.told_by_twilio(200, &form(UNKNOWN_SID, CANARY)).await;
    tourist.told_by_twilio(401, &form(UNKNOWN_SID, &CANARY.repeat(30_000))).await;
    // Signed, and about nobody's account.
    tourist.told_by_twilio(401, CANARY).await;
    let forged = [("content-type", "application/x-www-form-urlencoded"), ("x-twilio-signature", "Y2FuYXJ5LTdmM2E5")];
    let path = format!("/webhooks/twilio?call={CANARY}");
    tourist.ask(TWILIO, 401, ("POST", &path), &forged, ringing.into()).await;
    tourist.json("GET /webhooks/twilio", 401, ("GET", &path), "", &Value::Null).await;

    let at = |provider| tourist.agent_webhook(provider);
    let (hamsa, omnidimension) = (at(Provider::Hamsa), at(Provider::Omnidimension));
    tourist.private.extend([hamsa.clone(), omnidimension.clone()]);
    let said = json!({
        "eventType": "call.ended", "callId": CANARY, "timestamp": tourist.world.now(),
        "data": {"data": {"conversationId": CANARY, "transcription": [{"Agent": CANARY}]}},
    });
    tourist.json(HAMSA, 200, ("POST", &hamsa), "", &said).await;
    let report = json!({
        "call_id": 739_107, "call_direction": "inbound", "from_number": TALKS, "to_number": "+15005550100",
        "full_conversation": CANARY, "extracted_variables": {CANARY: CANARY},
    });
    tourist.json(OMNIDIMENSION, 200, ("POST", &omnidimension), "", &report).await;
    tourist.json(OMNIDIMENSION, 200, ("POST", &omnidimension), "", &json!(CANARY)).await;
    tourist.json(HAMSA, 401, ("POST", &format!("/webhooks/hamsa/{CANARY}")), "", &said).await;
    // A token of one sender is worth nothing at another's door.
    let swapped = hamsa.replace("/hamsa/", "/omnidimension/");
    tourist.json(OMNIDIMENSION, 401, ("POST", &swapped), "", &report).await;
}

async fn readings(tourist: &mut Tourist<'_>, placed: &[String]) {
    let nothing = Value::Null;
    let page = tourist.json(LIST, 200, ("GET", "/api/calls?limit=1"), LOCAL_KEY, &nothing).await;
    let next = format!("/api/calls?limit=1&cursor={}", page.text("/nextCursor"));
    tourist.private.push(page.text("/nextCursor"));
    tourist.json(LIST, 200, ("GET", &next), LOCAL_KEY, &nothing).await;
    tourist.json(LIST, 400, ("GET", &next), OTHER_KEY, &nothing).await;
    tourist.json(LIST, 200, ("GET", "/api/calls?to=%2B15005550001&phase=ended"), LOCAL_KEY, &nothing).await;
    tourist.json(LIST, 400, ("GET", "/api/calls?phase=canary-7f3a9"), LOCAL_KEY, &nothing).await;
    let call = format!("/api/calls/{}", placed[0]);
    let ended = tourist.json(READ, 200, ("GET", &call), LOCAL_KEY, &nothing).await;
    assert_eq!(ended.text("/phase"), "ended");
    tourist.json(READ, 404, ("GET", &call), OTHER_KEY, &nothing).await;
    tourist.json(READ, 404, ("GET", "/api/calls/canary-7f3a9"), LOCAL_KEY, &nothing).await;
    let events = format!("{call}/events?limit=2");
    tourist.json("GET /api/calls/{callId}/events", 200, ("GET", &events), LOCAL_KEY, &nothing).await;
    for id in placed {
        let transcript = format!("/api/calls/{id}/transcript");
        tourist.json("GET /api/calls/{callId}/transcript", 200, ("GET", &transcript), LOCAL_KEY, &nothing).await;
    }
    let path = format!("{call}/recording");
    let found = tourist.json(RECORDING, 302, ("GET", &path), LOCAL_KEY, &nothing).await;
    let copy = found.header("location").unwrap().to_owned();
    let heard = tourist.world.http().get(&copy).send().await.unwrap();
    assert_eq!(heard.status(), 200, "our copy of the recording");
    tourist.private.push(copy);
    tourist.json("GET /api/alarms", 200, ("GET", "/api/alarms?open=true"), LOCAL_KEY, &nothing).await;
    tourist.json("GET /api/alarms", 200, ("GET", "/api/alarms?open=false"), LOCAL_KEY, &nothing).await;
    tourist.json("GET /api/analytics", 200, ("GET", "/api/analytics"), LOCAL_KEY, &nothing).await;
    tourist.json("GET /api/analytics", 400, ("GET", "/api/analytics?since=canary-7f3a9"), LOCAL_KEY, &nothing).await;
    tourist.json("GET /api/scenarios", 200, ("GET", "/api/scenarios"), LOCAL_KEY, &nothing).await;
    let none = "/api/scenarios/canary-7f3a9";
    tourist.json("GET /api/scenarios/{id}", 404, ("GET", none), LOCAL_KEY, &nothing).await;
}

async fn hamsa_dashboard(tourist: &mut Tourist<'_>, placed: &[String]) {
    let job = format!("/api/hamsa/jobs/{}", placed[1]);
    for (route, path) in [
        ("GET /api/hamsa/jobs", "/api/hamsa/jobs"),
        ("GET /api/hamsa/jobs/{callId}", job.as_str()),
        ("GET /api/hamsa/status", "/api/hamsa/status"),
        ("GET /api/hamsa/analytics", "/api/hamsa/analytics"),
        ("GET /api/hamsa/recordings", "/api/hamsa/recordings"),
        ("GET /api/hamsa/transcripts", "/api/hamsa/transcripts"),
    ] {
        tourist.json(route, 200, ("GET", path), LOCAL_KEY, &Value::Null).await;
    }
}

impl Tourist<'_> {
    /// Lets time pass, with all that becomes due in it.
    pub(super) async fn pass(&self, by: Duration) {
        self.world.advance(by).await;
    }

    /// Takes the names in an answer for private: those that providers give a call are looked up with.
    fn learn(&mut self, answer: &Answer) {
        let ids = answer.json["externalIds"].as_object();
        let values = ids.into_iter().flat_map(|ids| ids.values()).filter_map(Value::as_str);
        // OmniDimension counts; such a number may be anything in a log.
        self.private.extend(values.filter(|id| id.len() > 8).map(str::to_owned));
    }

    /// Where the agents of a provider report to, as a path. The addresses of calls come behind it.
    fn agent_webhook(&self, provider: Provider) -> String {
        let urls = self.world.world.simulators().webhook_urls();
        let found = urls.iter().find(|hook| hook.provider == provider).unwrap();
        let path = found.url.split_once("/webhooks/").unwrap().1;
        format!("/webhooks/{path}")
    }

    /// Delivers what Twilio signs.
    async fn told_by_twilio(&mut self, status: u16, form: &str) -> Answer {
        let url = format!("{}/webhooks/twilio", self.base);
        let tag = signatures::twilio(TWILIO_AUTH_TOKEN, &url, form);
        self.private.push(tag.clone());
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("x-twilio-signature", &tag)];
        self.ask(TWILIO, status, ("POST", "/webhooks/twilio"), &headers, form.into()).await
    }

    /// Arms a fault against one of the providers of calls.
    pub(super) async fn fault_at(&self, provider: &str, operation: &str, effect: Value) {
        let mut fault = json!({"provider": provider, "operation": operation, "times": 2});
        fault.as_object_mut().unwrap().extend(effect.as_object().unwrap().clone());
        self.world.as_nobody().post("/_sim/faults", &fault).await.expect(200);
    }
}
