//! The part of the tour that pages make, and servers for them: realtime calls, credentials, chats, words, calls that come in.

use serde_json::{Value, json};
use switchboard_core::Secret;
use switchboard_dev::credentials::{LOCAL_KEY, OPENAI_WEBHOOK_SECRET, OTHER_KEY};
use switchboard_providers::standard_webhooks;

use super::{CANARY, Tourist};
use crate::harness::Answer;
use crate::realtime::offer;

const OPEN: &str = "POST /api/realtime/calls";
const RENEW: &str = "POST /api/realtime/calls/{rtsId}/renew";
const END: &str = "POST /api/realtime/calls/{rtsId}/end";
const TOKEN: &str = "POST /api/realtime/token";
const TOKEN_AS_R3: &str = "POST /api/v1/chatkit/realtime-session";
const TRANSLATE: &str = "POST /api/realtime/translate";
const CHAT: &str = "POST /api/chatkit/session";
const CHAT_AS_R3: &str = "POST /api/v1/chatkit/session";
const CANCEL: &str = "POST /api/chatkit/session/{id}/cancel";
const WORDS: &str = "POST /api/calls/{callId}/transcript";
const OPENAI: &str = "POST /webhooks/openai";

/// Somebody who rings.
const CALLER: &str = "+14155550177";

/// Everything of it.
pub(super) async fn realtime(tourist: &mut Tourist<'_>) {
    // What names a page's addresses and keys in its offer.
    let in_offer = ["a=ice-pwd:", "a=fingerprint:sha-256 "].map(|name| line_of(&offer(), name));
    tourist.private.extend(in_offer.into_iter().flatten());
    tourist.private.push(CALLER.trim_start_matches('+').to_owned());
    openings(tourist).await;
    trouble(tourist).await;
    credentials(tourist).await;
    chats(tourist).await;
    telephones(tourist).await;
}

fn line_of(sdp: &str, name: &str) -> Option<String> {
    sdp.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned)
}

/// A request for a call that says as much as one can, for a person of its own.
fn wish(number: u32) -> Value {
    json!({
        "userId": format!("{CANARY}-{number}"), "sdp": offer(), "instructions": CANARY, "metadata": {CANARY: CANARY},
        "tools": [{"type": "function", "name": "look_up", "description": CANARY}], CANARY: CANARY, "workflow": CANARY,
    })
}

/// Takes what an answer opens something with for private.
fn learn(tourist: &mut Tourist<'_>, answer: &Answer) {
    for pointer in ["/leaseSecret", "/iceServers/1/credential", "/client_secret/value", "/client_secret"] {
        tourist.private.extend(answer.json.pointer(pointer).and_then(Value::as_str).map(str::to_owned));
    }
    let sdp = answer.json["sdp"].as_str().unwrap_or_default();
    tourist.private.extend(line_of(sdp, "a=ice-pwd:"));
}

async fn openings(tourist: &mut Tourist<'_>) {
    let to = ("POST", "/api/realtime/calls");
    let opened = tourist.keyed(OPEN, 201, to, LOCAL_KEY, Some(CANARY), &wish(1)).await;
    learn(tourist, &opened);
    tourist.keyed(OPEN, 201, to, LOCAL_KEY, Some(CANARY), &wish(1)).await;
    let (rts, call) = (opened.text("/rtsId"), opened.text("/callId"));
    let renewal = format!("/api/realtime/calls/{rts}/renew");
    let secret = json!({"leaseSecret": opened.text("/leaseSecret")});
    let renewed = tourist.keyed(RENEW, 200, ("POST", &renewal), LOCAL_KEY, Some(CANARY), &secret).await;
    learn(tourist, &renewed);
    tourist.json(RENEW, 409, ("POST", &renewal), LOCAL_KEY, &secret).await;
    tourist.json(RENEW, 403, ("POST", &renewal), LOCAL_KEY, &json!({"leaseSecret": CANARY})).await;
    tourist.json(RENEW, 404, ("POST", &renewal), OTHER_KEY, &secret).await;
    tourist.json(RENEW, 404, ("POST", "/api/realtime/calls/canary-7f3a9/renew"), LOCAL_KEY, &secret).await;
    words(tourist, &call).await;
    let end = format!("/api/realtime/calls/{rts}/end");
    let ended = tourist.keyed(END, 200, ("POST", &end), LOCAL_KEY, Some(CANARY), &json!({})).await;
    tourist.private.extend(ended.json["externalIds"]["openai.callId"].as_str().map(str::to_owned));
    tourist.json(RENEW, 409, ("POST", &renewal), LOCAL_KEY, &secret).await;

    // A page with its session's token; what it opens is left to its lease.
    let (_, token) = tourist.open().await;
    let page = json!({"sdp": offer(), "preset": "default"});
    let left = tourist.json(OPEN, 201, to, &token, &page).await;
    learn(tourist, &left);
    tourist.json(OPEN, 403, to, &token, &json!({"sdp": offer(), "instructions": CANARY})).await;
    tourist.json(OPEN, 403, to, &token, &json!({"sdp": offer(), "userId": CANARY.repeat(2)})).await;
    // One that is ended as every call is.
    let other = tourist.json(OPEN, 201, to, LOCAL_KEY, &wish(2)).await;
    learn(tourist, &other);
    let end = format!("/api/calls/{}/end", other.text("/callId"));
    tourist.json("POST /api/calls/{callId}/end", 200, ("POST", &end), LOCAL_KEY, &Value::Null).await;
    let sdp = [("content-type", "application/sdp"), ("authorization", &format!("Bearer {LOCAL_KEY}"))];
    let bare = format!("/api/realtime/calls?userId={CANARY}-3");
    let bare = tourist.ask(OPEN, 201, ("POST", &bare), &sdp, offer().into_bytes()).await;
    learn(tourist, &bare);
    tourist.ask(OPEN, 400, to, &sdp, CANARY.into()).await;
    for change in [
        json!({"sdp": CANARY}),
        json!({"preset": CANARY}),
        json!({"voice": CANARY}),
        json!({"maxDurationSecs": CANARY}),
        json!({"tools": CANARY}),
        json!({"userId": format!("{CANARY}\u{7}")}),
    ] {
        let mut body = wish(4);
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        tourist.json(OPEN, 400, to, LOCAL_KEY, &body).await;
    }
    tourist.json(OPEN, 401, to, CANARY, &wish(4)).await;
    let beta = json!({"instructions": CANARY, "temperature": 0.8, CANARY: CANARY});
    let event = json!({"type": "session.update", "session": beta, "event_id": CANARY});
    tourist.json(TRANSLATE, 200, ("POST", "/api/realtime/translate"), LOCAL_KEY, &event).await;
    tourist
        .json(TRANSLATE, 400, ("POST", "/api/realtime/translate"), LOCAL_KEY, &json!({"type": "canary.7f3a9"}))
        .await;
}

async fn words(tourist: &mut Tourist<'_>, call: &str) {
    let path = format!("/api/calls/{call}/transcript");
    let said = json!({"turns": [{"role": "user", "text": CANARY}, {"role": "agent", "text": CANARY, "atSecs": 3}]});
    for _ in 0..2 {
        tourist.keyed(WORDS, 202, ("POST", &path), LOCAL_KEY, Some(CANARY), &said).await;
    }
    let more = json!({"turns": [{"role": "user", "text": format!("more {CANARY}")}]});
    tourist.json(WORDS, 202, ("POST", &path), LOCAL_KEY, &more).await;
    tourist.json(WORDS, 404, ("POST", &path), OTHER_KEY, &said).await;
    tourist.json(WORDS, 400, ("POST", &path), LOCAL_KEY, &json!({"turns": [{"role": CANARY, "text": CANARY}]})).await;
    tourist.json(WORDS, 404, ("POST", "/api/calls/canary-7f3a9/transcript"), LOCAL_KEY, &said).await;
}

/// Every way in which handing an offer on goes wrong.
async fn trouble(tourist: &mut Tourist<'_>) {
    let to = ("POST", "/api/realtime/calls");
    for (number, (effect, status)) in [
        (json!({"fault": "status", "status": 400}), 422),
        (json!({"fault": "status", "status": 401}), 502),
        (json!({"fault": "status", "status": 429}), 503),
        (json!({"fault": "status", "status": 500}), 504),
        (json!({"fault": "garbage"}), 504),
        (json!({"fault": "reset_after_send"}), 504),
        (json!({"fault": "refuse"}), 502),
    ]
    .into_iter()
    .enumerate()
    {
        tourist.fault_at("openai", "sdp", effect).await;
        let number = 10 + u32::try_from(number).unwrap();
        let key = format!("{CANARY}-{number}");
        tourist.keyed(OPEN, status, to, LOCAL_KEY, Some(&key), &wish(number)).await;
        tourist.no_faults().await;
    }
    let opened = tourist.json(OPEN, 201, to, LOCAL_KEY, &wish(30)).await;
    learn(tourist, &opened);
    tourist.fault_at("openai", "hangup", json!({"fault": "status", "status": 500})).await;
    let end = format!("/api/realtime/calls/{}/end", opened.text("/rtsId"));
    tourist.json(END, 202, ("POST", &end), LOCAL_KEY, &Value::Null).await;
    tourist.no_faults().await;
}

async fn credentials(tourist: &mut Tourist<'_>) {
    let options = json!({"userId": CANARY, "instructions": CANARY, "ttlSecs": 60, CANARY: CANARY});
    let to = ("POST", "/api/realtime/token");
    let made = tourist.json(TOKEN, 200, to, LOCAL_KEY, &options).await;
    learn(tourist, &made);
    let made =
        tourist.json(TOKEN_AS_R3, 200, ("POST", "/api/v1/chatkit/realtime-session"), LOCAL_KEY, &Value::Null).await;
    learn(tourist, &made);
    tourist.json(TOKEN, 400, to, LOCAL_KEY, &json!({"voice": CANARY})).await;
    tourist.json(TOKEN, 400, to, LOCAL_KEY, &json!({"ttlSecs": CANARY})).await;
    let (_, token) = tourist.open().await;
    tourist.json(TOKEN, 403, to, &token, &options).await;
    for (effect, status) in [
        (json!({"fault": "status", "status": 401}), 502),
        (json!({"fault": "status", "status": 500}), 502),
        (json!({"fault": "garbage"}), 502),
    ] {
        tourist.fault_at("openai", "token", effect).await;
        tourist.json(TOKEN, status, to, LOCAL_KEY, &options).await;
        tourist.no_faults().await;
    }
}

async fn chats(tourist: &mut Tourist<'_>) {
    let (to, user) = (("POST", "/api/chatkit/session"), json!({"user": CANARY}));
    let chat = tourist.json(CHAT, 200, to, LOCAL_KEY, &user).await;
    learn(tourist, &chat);
    let again = tourist.json(CHAT_AS_R3, 200, ("POST", "/api/v1/chatkit/session"), LOCAL_KEY, &user).await;
    learn(tourist, &again);
    tourist.json(CHAT, 400, to, LOCAL_KEY, &json!({"user": CANARY, "workflow": CANARY})).await;
    tourist.json(CHAT, 404, to, OTHER_KEY, &json!({"user": CANARY, "workflow": "wf_1"})).await;
    let cancel = format!("/api/chatkit/session/{}/cancel", chat.text("/id"));
    tourist.json(CANCEL, 404, ("POST", &cancel), OTHER_KEY, &Value::Null).await;
    tourist.json(CANCEL, 200, ("POST", &cancel), LOCAL_KEY, &Value::Null).await;
    tourist.json(CANCEL, 404, ("POST", "/api/chatkit/session/canary-7f3a9/cancel"), LOCAL_KEY, &Value::Null).await;
}

async fn telephones(tourist: &mut Tourist<'_>) {
    let wish = json!({"from": CALLER, "headers": [{"name": "X-Note", "value": CANARY}]});
    let world = tourist.world;
    let rung = world.as_nobody().post("/_sim/openai/incoming", &wish).await;
    rung.expect(200);
    tourist.private.push(rung.text("/callId"));
    tourist.pass(std::time::Duration::from_secs(1)).await;
    let now = world.now();
    let event = |kind: &str, call: &str| {
        let data = json!({"call_id": call, "sip_headers": [{"name": "From", "value": CANARY}]});
        json!({"id": CANARY, "type": kind, "created_at": now.epoch_secs(), "data": data}).to_string().into_bytes()
    };
    for (status, id, secret, body) in [
        // One that OpenAI does not know any more when it is answered.
        (200, "canary-7f3a9-oa1", OPENAI_WEBHOOK_SECRET, event("realtime.call.incoming", "rtc_7391a07f")),
        (200, "canary-7f3a9-oa1", OPENAI_WEBHOOK_SECRET, event("realtime.call.incoming", "rtc_7391a07f")),
        (200, "canary-7f3a9-oa2", OPENAI_WEBHOOK_SECRET, event(CANARY, "rtc_7391a07f")),
        (200, "canary-7f3a9-oa3", OPENAI_WEBHOOK_SECRET, CANARY.into()),
        (401, "canary-7f3a9-oa4", switchboard_dev::credentials::OMI_WEBHOOK_SECRET, event(CANARY, CANARY)),
    ] {
        let tag = standard_webhooks::sign(&Secret::new(secret), id, now, &body).unwrap();
        let at = now.epoch_secs().to_string();
        let headers = [("webhook-id", id), ("webhook-timestamp", at.as_str()), ("webhook-signature", tag.as_str())];
        tourist.private.push(tag.clone());
        tourist.ask(OPENAI, status, ("POST", "/webhooks/openai"), &headers, body).await;
    }
    tourist.private.push("rtc_7391a07f".to_owned());
}
