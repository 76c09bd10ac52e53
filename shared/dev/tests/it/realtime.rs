//! Realtime voice through the gateway, against the simulated OpenAI and a scripted clock.
//!
//! | module | what |
//! |---|---|
//! | `leases` | who keeps a call up, for how long, and with which secret |
//! | `hang_ups` | ends that are lied about, that fail, and that came before anybody asked |
//! | `quotas` | calls at once, minutes and credentials in a day |
//! | `broken` | brokers that die or are cut off where it hurts |
//! | `options` | who may ask for what, presets, voices, offers |
//! | `ice` | servers for peer connections, and that nothing of an answer's secrets is kept |
//! | `words` | what a page posts of what was said |
//! | `sip` | calls that come in by telephone |
//! | `health` | what health says of OpenAI |

mod broken;
mod hang_ups;
mod health;
mod ice;
mod leases;
mod options;
mod quotas;
mod sip;
mod words;

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::Call;
use switchboard_dev::sim::carrier::MeteredLine;
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::page::Page;
use switchboard_dev::sim::provider::{Operation, Provider};
use switchboard_dev::sim::recorder::RecordedRequest;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::calls::{asked, kept, meter, pass};
use crate::harness::{Answer, Caller, TestWorld};
use crate::{calls, talk};

pub(crate) const OPEN: &str = "/api/realtime/calls";
pub(crate) const TOKEN: &str = "/api/realtime/token";

/// How often a deployment's sweep goes round, in seconds.
const ROUND_SECS: u64 = 10;
/// How long after its lease a call that was not renewed may be up, in seconds (issue "Realtime voice in the browser").
const GRACE_SECS: u64 = 90;
/// How long anything on the network may take; what is waited for comes far sooner.
const SOON: Duration = Duration::from_secs(20);
/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(60 * 60);

/// The offer of a page in Chromium, with a microphone and a channel for events.
pub(crate) fn offer() -> String {
    include_str!("realtime/chromium.sdp").replace('\n', "\r\n")
}

/// The body that asks for a call for somebody.
pub(crate) fn wish(user: &str) -> Value {
    json!({"userId": user, "sdp": offer()})
}

/// The path of a realtime call's renewal.
pub(crate) fn renewal(rts: &str) -> String {
    format!("{OPEN}/{rts}/renew")
}

/// The path of its end.
pub(crate) fn end_of(rts: &str) -> String {
    format!("{OPEN}/{rts}/end")
}

/// The path of what was said in a call.
fn words_of(call: &str) -> String {
    format!("{}/{call}/transcript", calls::CALLS)
}

/// A call as whoever opened it knows it.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) rts: String,
    pub(crate) call: String,
    pub(crate) secret: String,
}

impl Held {
    pub(crate) fn told(answer: &Answer) -> Self {
        answer.expect(201);
        Self { rts: answer.text("/rtsId"), call: answer.text("/callId"), secret: answer.text("/leaseSecret") }
    }

    /// Renews, and takes the next secret over.
    async fn renew(&mut self, caller: &Caller<'_>) -> Answer {
        let answer = renew_with(caller, &self.rts, &self.secret).await;
        if answer.status == 200 {
            self.secret = answer.text("/leaseSecret");
        }
        answer
    }
}

/// Renews with this secret.
async fn renew_with(caller: &Caller<'_>, rts: &str, secret: &str) -> Answer {
    caller.post(&renewal(rts), &json!({"leaseSecret": secret})).await
}

/// Opens a call, of which no page ever connects.
async fn open(caller: &Caller<'_>, body: &Value) -> Held {
    Held::told(&caller.post(OPEN, body).await)
}

/// A page that is connected and lives until it is closed, or cut off.
struct Connected {
    held: Held,
    close: oneshot::Sender<()>,
    living: JoinHandle<bool>,
}

impl Connected {
    /// Opens a call for a page and lets it connect. What `body` has for an offer is the page's.
    async fn open(caller: &Caller<'_>, mut body: Value) -> Self {
        let mut page = Page::open().unwrap();
        body["sdp"] = json!(page.offer());
        let answer = caller.post(OPEN, &body).await;
        let held = Held::told(&answer);
        page.take_answer(&answer.text("/sdp")).unwrap();
        // Sound comes from the other end once it is connected, too.
        assert!(page.wait(SOON, |page| page.heard().0 > 0).await, "{page:?}");
        let (close, closed) = oneshot::channel();
        let living = tokio::spawn(async move {
            let cut = tokio::select! {
                cut = page.wait(FOR_EVER, Page::is_closed) => cut,
                _ = closed => false,
            };
            if !cut {
                page.close().await;
            }
            cut
        });
        Self { held, close, living }
    }

    /// Whether the other end cuts the page off, now that it has been told to.
    async fn cut_off(self) -> bool {
        tokio::time::timeout(SOON, self.living).await.is_ok_and(|cut| cut.unwrap())
    }

    /// Closes the page; returns when the provider has noticed.
    async fn leave(self, world: &TestWorld) -> Held {
        self.close.send(()).unwrap();
        self.living.await.unwrap();
        let call = kept(world, &self.held.call).await;
        while line(world, &call).up {
            tokio::task::yield_now().await;
        }
        self.held
    }
}

/// The line of a call on the meter of the simulated carrier.
fn line(world: &TestWorld, call: &Call) -> MeteredLine {
    let name = call.legs[0].reference.as_deref().expect("the call has no name at its provider");
    meter(world).lines.into_iter().find(|line| line.external_id == name).expect("the call has no line")
}

/// Lets so many seconds pass as a deployment does, with a round of the sweep every ten.
async fn live(world: &TestWorld, secs: u64) {
    for _ in 0..secs / ROUND_SECS {
        pass(world, ROUND_SECS).await;
        sweep(world).await;
    }
    pass(world, secs % ROUND_SECS).await;
}

/// One round of the sweep.
async fn sweep(world: &TestWorld) {
    world.as_nobody().post("/_sim/sweep", &json!({})).await.expect(200);
}

/// Makes the next so many requests to OpenAI go wrong.
async fn go_wrong(world: &TestWorld, operation: Operation, effect: Effect, times: u32) {
    calls::go_wrong(world, Provider::Openai, operation, effect, times).await;
}

/// What OpenAI was asked so far of one kind.
fn asked_of_openai(world: &TestWorld, operation: Operation) -> Vec<RecordedRequest> {
    asked(world, Provider::Openai, operation)
}

/// A call as its tenant reads it.
async fn read(world: &TestWorld, call: &str) -> Value {
    calls::read(world, call).await.json
}

/// A page's credential: the token of a voice session of `somebody`, and the session's id.
async fn page_token(world: &TestWorld) -> (String, String) {
    talk::open_with_token(&world.as_local()).await
}

/// The kinds of the alarms that are open about a call.
async fn alarms_about(world: &TestWorld, call: &str) -> Vec<String> {
    let listed = world.as_local().get("/api/alarms?open=true").await;
    listed.expect(200);
    let about = |alarm: &&Value| alarm["callId"] == call;
    let kind = |alarm: &Value| alarm["kind"].as_str().unwrap().to_owned();
    listed.json["alarms"].as_array().unwrap().iter().filter(about).map(kind).collect()
}

/// What is held of a pool of slots whose name begins so.
async fn slots_held(world: &TestWorld, pool: &str) -> usize {
    let now = world.now().epoch_millis();
    let rows = crate::rows::rows_of(world, &format!("SLOTS#{pool}")).await;
    rows.iter().filter(|row| row["leaseUntil"].as_i64().unwrap() > now).count()
}

#[tokio::test]
async fn a_page_in_chromium_is_answered_and_one_that_never_connects_is_noticed() {
    let world = TestWorld::start().await;
    let held = open(&world.as_local(), &wish("ada")).await;
    let call = kept(&world, &held.call).await;
    assert!(line(&world, &call).up);
    let shown = read(&world, &held.call).await;
    assert_eq!(
        (&shown["provider"], &shown["channel"], &shown["phase"]),
        (&json!("openai"), &json!("web"), &json!("in_progress"))
    );
    assert_eq!(shown["externalIds"]["openai.callId"], json!(call.legs[0].reference));
    live(&world, 60).await;
    let shown = read(&world, &held.call).await;
    assert_eq!((&shown["phase"], &shown["endReason"]), (&json!("ended"), &json!("lease_expired")));
    assert_eq!((&shown["cost"], &shown["durationSecs"]), (&Value::Null, &Value::Null), "nobody knows how long it was");
    assert_eq!(slots_held(&world, "local#realtime").await, 0);
}
