//! A tour past every route and most of its answers, for checks on what the functions do meanwhile: what they log, and what they
//! ask AWS for. Everything that must stay private carries a canary.

mod calls;
mod operations;
mod realtime;

use serde_json::{Value, json};
use switchboard_core::{Secret, Timestamp};
use switchboard_dev::credentials::{LOCAL_KEY, OMI_WEBHOOK_SECRET, OPENAI_API_KEY, OPENAI_WEBHOOK_SECRET, OTHER_KEY};
use switchboard_providers::standard_webhooks;

use crate::harness::{Answer, TestWorld};

/// In every text, id, header, path and query that the tour makes up.
pub(crate) const CANARY: &str = "canary-7f3a9";

/// One request and what became of it.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) request_id: String,
    pub(crate) route: &'static str,
    pub(crate) status: u16,
}

/// Whoever makes the tour.
pub(crate) struct Tourist<'w> {
    base: String,
    world: &'w TestWorld,
    pub(crate) visits: Vec<Visit>,
    /// What answers gave out that opens something or names somebody.
    pub(crate) private: Vec<String>,
}

type Headers<'h> = &'h [(&'h str, &'h str)];

impl<'w> Tourist<'w> {
    /// A tourist in a world, at its gateway or at another that leads to the same table.
    pub(crate) fn new(world: &'w TestWorld, base: &str) -> Self {
        let private = [LOCAL_KEY, OTHER_KEY, OMI_WEBHOOK_SECRET, OPENAI_WEBHOOK_SECRET, OPENAI_API_KEY]
            .map(str::to_owned)
            .to_vec();
        Self { base: base.to_owned(), world, visits: Vec::new(), private }
    }

    /// Makes a request to a route and expects this status.
    pub(crate) async fn ask(
        &mut self,
        route: &'static str,
        status: u16,
        (method, path): (&str, &str),
        headers: Headers<'_>,
        body: Vec<u8>,
    ) -> Answer {
        let url = format!("{}{path}", self.base);
        let mut request = self.world.http().request(method.parse().unwrap(), url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", String::from_utf8_lossy(&answer.body));
        let request_id = answer.header("x-request-id").unwrap().to_owned();
        self.visits.push(Visit { request_id, route, status });
        answer
    }

    /// The same with a JSON body and a bearer credential, where one is given.
    pub(crate) async fn json(
        &mut self,
        route: &'static str,
        status: u16,
        to: (&str, &str),
        bearer: &str,
        body: &Value,
    ) -> Answer {
        self.keyed(route, status, to, bearer, None, body).await
    }

    async fn keyed(
        &mut self,
        route: &'static str,
        status: u16,
        to: (&str, &str),
        bearer: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Answer {
        let credential = format!("Bearer {bearer}");
        let mut headers = vec![("content-type", "application/json")];
        headers.extend((!bearer.is_empty()).then_some(("authorization", credential.as_str())));
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.ask(route, status, to, &headers, body).await
    }

    /// Opens a session for later stations; gives its id and token.
    pub(crate) async fn open(&mut self) -> (String, String) {
        let body = json!({"userId": CANARY, "context": {CANARY: CANARY}});
        let opened = self.json(OPEN, 201, ("POST", SESSION), LOCAL_KEY, &body).await;
        let (id, token) = (opened.text("/sessionId"), opened.text("/token"));
        self.private.extend([id.clone(), token.clone()]);
        (id, token)
    }

    async fn fault(&self, operation: &str, effect: Value) {
        let mut fault = json!({"provider": "omi", "operation": operation, "times": 2});
        fault.as_object_mut().unwrap().extend(effect.as_object().unwrap().clone());
        self.world.as_nobody().post("/_sim/faults", &fault).await.expect(200);
    }

    async fn no_faults(&self) {
        self.world.as_nobody().delete("/_sim/faults").await.expect(200);
    }

    /// Delivers a webhook, signed at `at`.
    pub(crate) async fn deliver(&mut self, status: u16, id: &str, at: Timestamp, body: &[u8]) -> Answer {
        let tag = standard_webhooks::sign(&Secret::new(OMI_WEBHOOK_SECRET), id, at, body).unwrap();
        let at = at.epoch_secs().to_string();
        let headers = [("webhook-id", id), ("webhook-timestamp", &at), ("webhook-signature", &tag)];
        self.private.push(tag.clone());
        self.ask("POST /api/webhook", status, ("POST", "/api/webhook"), &headers, body.to_vec()).await
    }
}

const OPEN: &str = "POST /api/voice/session";
const READ: &str = "GET /api/voice/session/{sessionId}";
const UPDATE: &str = "PATCH /api/voice/session/{sessionId}";
const END: &str = "POST /api/voice/session/{sessionId}/end";
const DELETE: &str = "DELETE /api/voice/session/{sessionId}";
const PROCESS: &str = "POST /api/voice/process";
const UPLOAD: &str = "POST /api/voice/uploads";
const EXPLAIN: &str = "POST /api/webhooks/explain";
const HEALTH: &str = "GET /api/health";
const SESSION: &str = "/api/voice/session";

/// The whole tour.
pub(crate) async fn everywhere(tourist: &mut Tourist<'_>) {
    openings(tourist).await;
    readings(tourist).await;
    turns(tourist).await;
    recordings(tourist).await;
    endings(tourist).await;
    deliveries(tourist).await;
    operations::operations(tourist).await;
    elsewhere(tourist).await;
    realtime::realtime(tourist).await;
    // Last, because time passes: sessions end meanwhile.
    calls::calls(tourist).await;
}

async fn openings(tourist: &mut Tourist<'_>) {
    let to = ("POST", SESSION);
    let body = json!({"userId": CANARY, "context": {CANARY: CANARY}});
    let opened = tourist.keyed(OPEN, 201, to, LOCAL_KEY, Some(CANARY), &body).await;
    tourist.private.extend([opened.text("/sessionId"), opened.text("/token")]);
    tourist.keyed(OPEN, 201, to, LOCAL_KEY, Some(CANARY), &body).await;
    tourist.keyed(OPEN, 422, to, LOCAL_KEY, Some(CANARY), &json!({"userId": "another"})).await;
    tourist.keyed(OPEN, 400, to, LOCAL_KEY, Some("canary 7f3a9"), &body).await;
    tourist.json(OPEN, 201, to, "", &body).await;
    for wrong in [
        json!({"userId": {CANARY: 1}}),
        json!({"userId": CANARY.repeat(20)}),
        json!({"userId": CANARY, "provider": CANARY}),
        json!({"userId": CANARY, "language": "canary_7f3a9"}),
        json!({"userId": CANARY, "context": {CANARY: CANARY.repeat(4_000)}}),
    ] {
        tourist.json(OPEN, 400, to, LOCAL_KEY, &wrong).await;
    }
    tourist.json(OPEN, 422, to, LOCAL_KEY, &json!({"userId": CANARY, "provider": "twilio"})).await;
    let json = [("content-type", "application/json")];
    tourist.ask(OPEN, 400, to, &json, format!("{{\"userId\": \"{CANARY}").into_bytes()).await;
    tourist.ask(OPEN, 415, to, &[("content-type", "text/canary-7f3a9")], CANARY.into()).await;
    tourist.ask(OPEN, 413, to, &json, CANARY.repeat(30_000).into_bytes()).await;
    for bearer in [format!("sk_sb_local_{CANARY}"), "sk_sb_0_".into(), format!("eyJ{CANARY}.e.e"), CANARY.into()] {
        tourist.json(OPEN, 401, to, &bearer, &body).await;
    }
    tourist.ask(OPEN, 401, to, &[("authorization", "Basic canary-7f3a9")], Vec::new()).await;
    for (number, (effect, status)) in [
        (json!({"fault": "status", "status": 500}), 502),
        (json!({"fault": "status", "status": 401}), 502),
        (json!({"fault": "status", "status": 422}), 422),
        (json!({"fault": "status", "status": 429}), 503),
        (json!({"fault": "garbage"}), 502),
        (json!({"fault": "reset_after_send"}), 502),
        (json!({"fault": "refuse"}), 502),
    ]
    .into_iter()
    .enumerate()
    {
        tourist.fault("session", effect).await;
        let key = format!("{CANARY}-{number}");
        tourist.keyed(OPEN, status, to, LOCAL_KEY, Some(&key), &body).await;
        tourist.no_faults().await;
    }
}

async fn readings(tourist: &mut Tourist<'_>) {
    let (id, token) = tourist.open().await;
    let (other, _) = tourist.open().await;
    let at = |rest: &str| format!("{SESSION}/{id}{rest}");
    let nothing = Value::Null;
    tourist.json(READ, 200, ("GET", &at("?limit=1&note=canary-7f3a9")), &token, &nothing).await;
    tourist.json(READ, 200, ("GET", &at("")), LOCAL_KEY, &nothing).await;
    tourist.json(READ, 400, ("GET", &at("?cursor=canary-7f3a9")), LOCAL_KEY, &nothing).await;
    tourist.json(READ, 400, ("GET", &at("?limit=canary-7f3a9")), LOCAL_KEY, &nothing).await;
    tourist.json(READ, 401, ("GET", &at("")), "", &nothing).await;
    tourist.json(READ, 404, ("GET", &at("")), OTHER_KEY, &nothing).await;
    tourist.json(READ, 403, ("GET", &format!("{SESSION}/{other}")), &token, &nothing).await;
    tourist.json(READ, 404, ("GET", &format!("{SESSION}/{CANARY}")), LOCAL_KEY, &nothing).await;
    let patch = json!({"context": {CANARY: CANARY}});
    tourist.json(UPDATE, 200, ("PATCH", &at("")), LOCAL_KEY, &patch).await;
    tourist.json(UPDATE, 403, ("PATCH", &at("")), &token, &patch).await;
    tourist.json(UPDATE, 400, ("PATCH", &at("")), LOCAL_KEY, &json!({"context": CANARY})).await;
    tourist.json(UPDATE, 404, ("PATCH", &at("")), OTHER_KEY, &patch).await;
}

async fn turns(tourist: &mut Tourist<'_>) {
    let (id, token) = tourist.open().await;
    let to = ("POST", "/api/voice/process");
    let turn = |input: Value| json!({"sessionId": id, "input": input});
    let said = turn(json!({"type": "text", "content": format!("My name is Ada {CANARY}")}));
    tourist.keyed(PROCESS, 200, to, LOCAL_KEY, Some(CANARY), &said).await;
    tourist.keyed(PROCESS, 200, to, LOCAL_KEY, Some(CANARY), &said).await;
    tourist.json(PROCESS, 200, to, &token, &said).await;
    tourist.json(PROCESS, 404, to, OTHER_KEY, &said).await;
    tourist.json(PROCESS, 404, to, "", &said).await;
    tourist.json(PROCESS, 400, to, &token, &turn(json!({"type": CANARY}))).await;
    tourist.json(PROCESS, 400, to, &token, &turn(json!({"type": "audio", "content": CANARY, "mimeType": "a"}))).await;
    tourist.json(PROCESS, 404, to, LOCAL_KEY, &json!({"sessionId": CANARY, "input": said["input"]})).await;
    for (effect, status) in [
        (json!({"fault": "status", "status": 500}), 502),
        (json!({"fault": "status", "status": 400}), 422),
        (json!({"fault": "status", "status": 503}), 503),
        (json!({"fault": "status", "status": 403}), 502),
        (json!({"fault": "garbage"}), 502),
        (json!({"fault": "reset_after_send"}), 502),
        // Last: a provider that does not know a session any more has ended it.
        (json!({"fault": "status", "status": 404}), 409),
    ] {
        tourist.fault("process", effect).await;
        tourist.json(PROCESS, status, to, LOCAL_KEY, &said).await;
        tourist.no_faults().await;
    }
    // 409 is not kept, so its key is given back.
    tourist.keyed(PROCESS, 409, to, LOCAL_KEY, Some("canary-7f3a9-ended"), &said).await;
}

async fn recordings(tourist: &mut Tourist<'_>) {
    let (id, token) = tourist.open().await;
    let to = ("POST", "/api/voice/process");
    let sound = recording(2_000);
    let ticket = json!({"sessionId": id, "mimeType": "audio/wav", "bytes": sound.len()});
    let uploads = ("POST", "/api/voice/uploads");
    let upload = tourist.keyed(UPLOAD, 201, uploads, LOCAL_KEY, Some(CANARY), &ticket).await;
    let (ticket_id, url) = (upload.text("/uploadId"), upload.text("/url"));
    tourist.private.extend([ticket_id.clone(), url.clone()]);
    tourist.private.extend(url.split("X-Amz-Signature=").nth(1).map(str::to_owned));
    let heard = json!({"sessionId": id, "input": {"type": "audio", "uploadId": ticket_id}});
    // Nothing has been put there yet.
    tourist.json(PROCESS, 409, to, &token, &heard).await;
    let put = tourist.world.http().put(&url).header("content-type", "audio/wav").header("if-none-match", "*");
    assert_eq!(put.body(sound).send().await.unwrap().status(), 200);
    tourist.json(PROCESS, 200, to, &token, &heard).await;
    tourist.json(PROCESS, 409, to, &token, &heard).await;
    let unknown = json!({"sessionId": id, "input": {"type": "audio", "uploadId": CANARY}});
    tourist.json(PROCESS, 404, to, &token, &unknown).await;
    tourist.json(UPLOAD, 400, uploads, &token, &json!({"sessionId": id, "mimeType": CANARY, "bytes": 1})).await;
    tourist.json(UPLOAD, 401, uploads, "", &ticket).await;
}

/// A WAV file of this many samples of a tone.
pub(crate) fn recording(samples: u16) -> Vec<u8> {
    let data = u32::from(samples) * 2;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data");
    bytes.extend(data.to_le_bytes());
    bytes.extend((0..samples).flat_map(|at| (if at % 20 < 10 { 8_000_i16 } else { -8_000 }).to_le_bytes()));
    bytes
}

async fn endings(tourist: &mut Tourist<'_>) {
    let (first, token) = tourist.open().await;
    let (second, _) = tourist.open().await;
    let end = |id: &str| format!("{SESSION}/{id}/end");
    tourist.keyed(END, 200, ("POST", &end(&first)), LOCAL_KEY, Some(CANARY), &Value::Null).await;
    tourist.json(END, 200, ("POST", &end(&first)), &token, &Value::Null).await;
    tourist.json(END, 404, ("POST", &end(CANARY)), LOCAL_KEY, &Value::Null).await;
    tourist.fault("session", json!({"fault": "garbage"})).await;
    tourist.fault("session", json!({"fault": "status", "status": 500})).await;
    tourist.json(DELETE, 200, ("DELETE", &format!("{SESSION}/{second}")), LOCAL_KEY, &Value::Null).await;
    tourist.no_faults().await;
    tourist.json(DELETE, 404, ("DELETE", &format!("{SESSION}/{second}")), OTHER_KEY, &Value::Null).await;
}

async fn deliveries(tourist: &mut Tourist<'_>) {
    let (id, _) = tourist.open().await;
    let now = tourist.world.now();
    let event = |kind: &str| {
        let data = json!({"sessionId": id, "code": CANARY, "message": CANARY, "response": CANARY});
        json!({"event": kind, "data": data, "timestamp": now}).to_string().into_bytes()
    };
    tourist.deliver(200, "canary-7f3a9-1", now, &event("error.occurred")).await;
    tourist.deliver(200, "canary-7f3a9-2", now, &event("session.ended")).await;
    tourist.deliver(200, "canary-7f3a9-2", now, &event("session.ended")).await;
    tourist.deliver(200, "canary-7f3a9-3", now, &event(CANARY)).await;
    tourist.deliver(200, "canary-7f3a9-4", now, CANARY.as_bytes()).await;
    tourist.deliver(200, "canary-7f3a9-5", now, CANARY.repeat(30_000).as_bytes()).await;
    let old = Timestamp::from_epoch_secs(now.epoch_secs() - 301);
    tourist.deliver(401, "canary-7f3a9-6", old, &event("session.ended")).await;
    let forged = [("webhook-id", CANARY), ("webhook-timestamp", CANARY), ("webhook-signature", "v1,Y2FuYXJ5")];
    let rejected = tourist.ask("POST /webhooks/omi", 401, ("POST", "/webhooks/omi"), &forged, CANARY.into()).await;
    let asked = json!({"requestId": rejected.header("x-request-id")});
    let to = ("POST", "/api/webhooks/explain");
    tourist.json(EXPLAIN, 200, to, LOCAL_KEY, &asked).await;
    tourist.json(EXPLAIN, 404, to, OTHER_KEY, &asked).await;
    tourist.json(EXPLAIN, 404, to, LOCAL_KEY, &json!({"requestId": CANARY})).await;
    tourist.json(EXPLAIN, 401, to, "", &asked).await;
    let (_, token) = tourist.open().await;
    tourist.json(EXPLAIN, 403, to, &token, &asked).await;
}

async fn elsewhere(tourist: &mut Tourist<'_>) {
    tourist.json(HEALTH, 200, ("GET", "/api/health?note=canary-7f3a9"), "", &Value::Null).await;
    tourist.json(HEALTH, 200, ("GET", "/api/health?deep=1"), LOCAL_KEY, &Value::Null).await;
    tourist.json(HEALTH, 401, ("GET", "/api/health?deep=1"), "", &Value::Null).await;
    tourist.json(HEALTH, 400, ("GET", "/api/health?deep=canary-7f3a9"), "", &Value::Null).await;
    tourist.json("$default", 404, ("GET", "/canary-7f3a9"), CANARY, &Value::Null).await;
    tourist.json("$default", 405, ("PUT", "/api/voice/session/canary-7f3a9"), CANARY, &Value::Null).await;
    tourist.json("$default", 204, ("OPTIONS", "/api/voice/session?canary-7f3a9"), "", &Value::Null).await;
}
