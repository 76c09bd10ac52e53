//! A conversation as the tests hold it: the requests of the voice routes with what they need, and what OMI saw of them.

use serde_json::{Value, json};
use switchboard_dev::sim::faults::{Effect, Fault};
use switchboard_dev::sim::provider::{Operation, Provider};
use switchboard_dev::sim::recorder::RecordedRequest;

use crate::harness::{Answer, Caller, TestWorld};

pub(crate) const SESSIONS: &str = "/api/voice/session";
pub(crate) const PROCESS: &str = "/api/voice/process";
pub(crate) const UPLOADS: &str = "/api/voice/uploads";

/// So many refused connections are not counted one by one, so that refusing takes no time.
pub(crate) const ALWAYS: u32 = 1_000_000;

/// A session's own path.
pub(crate) fn path_of(session: &str) -> String {
    format!("{SESSIONS}/{session}")
}

/// The path that ends a session.
pub(crate) fn end_of(session: &str) -> String {
    format!("{SESSIONS}/{session}/end")
}

/// The body of a turn in writing.
pub(crate) fn turn(session: &str, text: &str) -> Value {
    json!({"sessionId": session, "input": {"type": "text", "content": text}})
}

/// The body that asks for an upload.
pub(crate) fn upload(session: &str, mime_type: &str, bytes: usize) -> Value {
    json!({"sessionId": session, "mimeType": mime_type, "bytes": bytes})
}

/// Tries to open a session.
pub(crate) async fn try_open(caller: &Caller<'_>) -> Answer {
    caller.post(SESSIONS, &json!({"userId": "somebody"})).await
}

/// Opens a session and gives its id.
pub(crate) async fn open(caller: &Caller<'_>) -> String {
    let opened = try_open(caller).await;
    opened.expect(201);
    opened.text("/sessionId")
}

/// Opens a session and gives its id and its token.
pub(crate) async fn open_with_token(caller: &Caller<'_>) -> (String, String) {
    let opened = try_open(caller).await;
    opened.expect(201);
    (opened.text("/sessionId"), opened.text("/token"))
}

/// Takes a turn in writing.
pub(crate) async fn say(caller: &Caller<'_>, session: &str, text: &str) -> Answer {
    caller.post(PROCESS, &turn(session, text)).await
}

/// Reads a session.
pub(crate) async fn read(caller: &Caller<'_>, session: &str) -> Answer {
    let answer = caller.get(&path_of(session)).await;
    answer.expect(200);
    answer
}

/// Makes requests to OMI go wrong from now on, so many times.
pub(crate) async fn go_wrong(world: &TestWorld, operation: Operation, effect: Effect, times: u32) {
    let faults = world.world.simulators().faults();
    faults.arm(Fault { provider: Provider::Omi, operation: Some(operation), effect, times });
    assert!(faults.settled().await);
}

/// Makes OMI well again.
pub(crate) async fn mend(world: &TestWorld) {
    let faults = world.world.simulators().faults();
    faults.clear();
    assert!(faults.settled().await);
}

/// What OMI was asked so far.
pub(crate) fn asked_of_omi(world: &TestWorld) -> Vec<RecordedRequest> {
    world.world.simulators().recorder().requests(Some(Provider::Omi), 0)
}
