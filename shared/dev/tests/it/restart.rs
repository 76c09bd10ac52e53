//! The local world as a process that is killed: what was acknowledged is there afterwards, and nothing stays taken.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard_dev::credentials::LOCAL_KEY;

use crate::harness::{Answer, client};

/// How long a process may take to serve, in wall time. It takes well under a second; a busy machine gets more.
const PATIENCE: Duration = Duration::from_secs(30);

/// `cargo dev`, as a process of its own.
pub(crate) struct Process {
    child: Child,
    pub(crate) base: String,
}

impl Process {
    pub(crate) fn start(data: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard-dev"))
            .args(["--port", "0", "--data"])
            .arg(data)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = loop {
            let line = lines.next().expect("it ended before it served").unwrap();
            if let Some(base) = line.strip_prefix("ready ") {
                break base.to_owned();
            }
        };
        // Whoever does not read its log makes it wait for them.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base }
    }

    /// As a crash would: no chance to put anything in order.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        idempotency_key: Option<&str>,
        body: Option<Value>,
    ) -> Answer {
        let method: reqwest::Method = method.parse().unwrap();
        let mut request = client()
            .request(method, format!("{}{path}", self.base))
            .header("authorization", format!("Bearer {LOCAL_KEY}"));
        if let Some(key) = idempotency_key {
            request = request.header("idempotency-key", key);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        Answer::read(request.send().await.unwrap()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, None, Some(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, None).await
    }

    /// Waits until simulated OMI has seen `count` requests of an operation.
    async fn upstream_has_seen(&self, operation: &str, count: usize) {
        let begun = Instant::now();
        loop {
            let seen = self.get("/_sim/requests?provider=omi").await;
            let requests = seen.json.pointer("/requests").and_then(Value::as_array).unwrap().clone();
            if requests.iter().filter(|request| request["operation"] == operation).count() >= count {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "OMI was not asked");
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended; that is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn turn(id: &str, text: &str) -> Value {
    json!({"sessionId": id, "input": {"type": "text", "content": text}})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_world_keeps_its_sessions_their_history_and_what_the_agent_remembers() {
    let data = tempfile::tempdir().unwrap();
    let world = Process::start(data.path(), &[]);
    let id = world.post("/api/voice/session", json!({"userId": "u"})).await.text("/sessionId");
    world.post("/api/voice/process", turn(&id, "my name is Amal and my internet is down")).await.expect(200);
    world.post("/_sim/clock", json!({"advanceSecs": 600})).await.expect(200);
    let before = world.get(&format!("/api/voice/session/{id}")).await;
    world.kill();

    let world = Process::start(data.path(), &[]);
    let after = world.get(&format!("/api/voice/session/{id}")).await;
    after.expect(200);
    for part in ["/turns", "/context", "/expiresAt", "/status"] {
        assert_eq!(after.json.pointer(part), before.json.pointer(part), "{part}");
    }
    let clock = world.get("/_sim/clock").await;
    assert_eq!(clock.json.pointer("/offsetSecs").and_then(Value::as_u64), Some(600));
    let answered = world.post("/api/voice/process", turn(&id, "what is my name?")).await;
    answered.expect(200);
    assert!(answered.text("/response/text").contains("Amal"), "{}", answered.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_killed_in_the_middle_of_opening_a_session_holds_its_slot_for_a_minute_and_no_longer() {
    let data = tempfile::tempdir().unwrap();
    let limit = ["--parameter", "OmiMaxConcurrentSessions=1"];
    let world = Process::start(data.path(), &limit);
    world.post("/_sim/faults", json!({"provider": "omi", "operation": "session", "fault": "hang"})).await.expect(200);
    let base = world.base.clone();
    let hanging = tokio::spawn(async move {
        let request = client()
            .post(format!("{base}/api/voice/session"))
            .header("authorization", format!("Bearer {LOCAL_KEY}"))
            .header("idempotency-key", "one")
            .header("content-type", "application/json")
            .body(r#"{"userId":"u"}"#);
        request.send().await.is_err()
    });
    world.upstream_has_seen("session", 1).await;
    world.kill();
    assert!(hanging.await.unwrap(), "the client must have lost its connection");

    let world = Process::start(data.path(), &limit);
    let open =
        async |key: Option<&str>| world.send("POST", "/api/voice/session", key, Some(json!({"userId": "u"}))).await;
    open(None).await.refused(429, "concurrency_limit");
    open(Some("one")).await.refused(409, "in_progress");
    world.post("/_sim/clock", json!({"advanceSecs": 61})).await.expect(200);
    let opened = open(Some("one")).await;
    opened.expect(201);
    let again = open(Some("one")).await;
    assert_eq!(again.text("/sessionId"), opened.text("/sessionId"));
    open(None).await.refused(429, "concurrency_limit");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_world_is_told_that_its_directory_is_in_use() {
    let data = tempfile::tempdir().unwrap();
    let _world = Process::start(data.path(), &[]);
    let second = Command::new(env!("CARGO_BIN_EXE_switchboard-dev"))
        .args(["--port", "0", "--data"])
        .arg(data.path())
        .output()
        .unwrap();
    assert!(!second.status.success());
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains("another local world is using"), "{said}");
}

#[test]
fn a_world_that_could_be_reached_from_outside_refuses_to_start() {
    let output = Command::new(env!("CARGO_BIN_EXE_switchboard-dev"))
        .args(["--port", "0", "--memory"])
        .env("PUBLIC_BASE_URL", "https://voice.example.com")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("PUBLIC_BASE_URL"));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_listed_and_revoked_on_the_command_line() {
    let data = tempfile::tempdir().unwrap();
    let world = Process::start(data.path(), &[]);
    let keys = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_switchboard-dev"))
            .arg("keys")
            .args(arguments)
            .arg("--data")
            .arg(data.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let key = keys(&["create", "--tenant", "acme", "--scopes", "voice:read"]);
    let ask = async || {
        let request = client().get(format!("{}/api/voice/session/ses_x", world.base)).bearer_auth(&key);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(ask().await, 404);
    let id = key.split('_').nth(2).unwrap();
    assert!(
        keys(&["list"]).lines().any(|line| line.starts_with(id) && line.contains("acme") && line.contains("active"))
    );
    keys(&["revoke", id]);
    world.post("/_sim/clock", json!({"advanceSecs": 60})).await.expect(200);
    assert_eq!(ask().await, 401);
    assert!(!keys(&["list"]).contains(&key));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_turn_that_was_cut_off_is_unknown_to_its_retry_and_not_taken_again() {
    let data = tempfile::tempdir().unwrap();
    let world = Process::start(data.path(), &[]);
    let id = world.post("/api/voice/session", json!({"userId": "u"})).await.text("/sessionId");
    world.post("/_sim/faults", json!({"provider": "omi", "operation": "process", "fault": "hang"})).await.expect(200);
    let (base, body) = (world.base.clone(), turn(&id, "my bill").to_string());
    let cut_off = tokio::spawn(async move {
        let request = client()
            .post(format!("{base}/api/voice/process"))
            .header("authorization", format!("Bearer {LOCAL_KEY}"))
            .header("idempotency-key", "turn")
            .header("content-type", "application/json")
            .body(body);
        request.send().await.is_err()
    });
    world.upstream_has_seen("process", 1).await;
    world.kill();
    assert!(cut_off.await.unwrap());

    let world = Process::start(data.path(), &[]);
    world.post("/_sim/clock", json!({"advanceSecs": 36})).await.expect(200);
    for _ in 0..2 {
        let retry = world.send("POST", "/api/voice/process", Some("turn"), Some(turn(&id, "my bill"))).await;
        retry.expect(504);
        assert_eq!(retry.text("/error/code"), "provider_timeout");
    }
    let asked = world.get("/_sim/requests?provider=omi").await;
    assert_eq!(asked.json.pointer("/requests").and_then(Value::as_array).map(Vec::len), Some(0));
    world.send("POST", "/api/voice/process", Some("anew"), Some(turn(&id, "my bill"))).await.expect(200);
}
