//! Ending a call: what is asked, and what the answers say.

use std::collections::BTreeMap;

use super::*;

const OVER: (u16, &str) = (409, r#"{"error":{"message":"The call has already ended."}}"#);
const OVER_AS_400: (u16, &str) = (400, r#"{"error":{"message":"This session has ended"}}"#);
const DONE: (u16, &str) = (200, "");
const GONE: (u16, &str) = (404, r#"{"error":{"message":"No such call"}}"#);

#[tokio::test]
async fn an_end_is_believed_only_when_the_call_is_not_known_any_more() {
    for (script, result) in [
        (vec![DONE, GONE], RungResult::Ended),
        (vec![DONE, (410, "")], RungResult::Ended),
        (vec![DONE, OVER], RungResult::Ended),
        (vec![DONE, OVER_AS_400], RungResult::Ended),
        (vec![DONE, DONE], RungResult::Accepted),
        (vec![DONE, (500, "")], RungResult::Accepted),
        (vec![DONE, (401, "")], RungResult::Accepted),
        (vec![DONE, (409, "{}")], RungResult::Accepted),
        (vec![DONE, LOST], RungResult::Accepted),
        (vec![GONE], RungResult::AlreadyOver),
        (vec![(410, "")], RungResult::AlreadyOver),
        (vec![OVER], RungResult::AlreadyOver),
        (vec![LOST, GONE], RungResult::AlreadyOver),
        (vec![LOST, DONE, GONE], RungResult::Ended),
        (vec![(503, ""), DONE, DONE], RungResult::Accepted),
    ] {
        let (openai, server) = scripted(&script);
        assert_eq!(openai.end_call(&id("rtc_1")).await.unwrap(), result, "{script:?}");
        assert_eq!(server.lines(), vec!["POST /v1/realtime/calls/rtc_1/hangup"; script.len()], "{script:?}");
    }
}

#[tokio::test]
async fn an_end_that_was_not_taken_is_an_error() {
    for (script, effect) in [
        (vec![(500, ""), (500, "")], Effect::Possible),
        (vec![LOST, LOST], Effect::Possible),
        (vec![(409, "{}")], Effect::None),
        (vec![(400, r#"{"error":{"message":"Your account is not active"}}"#)], Effect::None),
        (vec![(401, "{}")], Effect::None),
    ] {
        let (openai, server) = scripted(&script);
        assert_eq!(openai.end_call(&id("rtc_1")).await.unwrap_err().effect, effect, "{script:?}");
        assert_eq!(server.lines().len(), script.len(), "{script:?}");
    }
}

#[tokio::test]
async fn a_call_is_hung_up_by_the_name_that_openai_has_for_it() {
    let (openai, server) = scripted(&[DONE, GONE]);
    let hang_up = Provider::hang_up(&openai).unwrap();
    let call = |ids| KnownCall { leg: LegId::generate(now()), ids, to: None, dialed_at: now(), answered: true };
    for nameless in [BTreeMap::new(), BTreeMap::from([("jobId", "rtc_1")]), BTreeMap::from([(CALL_ID, "../rtc_1")])] {
        assert_eq!(hang_up.hang_up(&call(nameless)).await.unwrap(), RungResult::NotKnown);
    }
    assert!(server.lines().is_empty());
    let known = call(BTreeMap::from([(CALL_ID, "rtc_1")]));
    let result = hang_up.hang_up(&known).await.unwrap();
    assert_eq!((result, result.as_str()), (RungResult::Ended, "ended"));
}

#[tokio::test]
async fn accepting_what_was_accepted_before_is_done() {
    const TAKEN: &str =
        r#"{"error":{"code":"call_already_accepted","message":"This call has already been accepted."}}"#;
    for (status, body, done) in [(200, "", true), (400, TAKEN, true), (409, TAKEN, true), (404, TAKEN, false), OTHER] {
        let (openai, server) = scripted(&[(status, body)]);
        assert_eq!(openai.accept(&id("rtc_1"), &plain()).await.is_ok(), done, "{status} {body}");
        assert_eq!(server.lines(), ["POST /v1/realtime/calls/rtc_1/accept"]);
    }
}

const OTHER: (u16, &str, bool) = (400, r#"{"error":{"message":"Unknown parameter: 'x'"}}"#, false);
