//! ChatKit sessions.

use super::*;
use crate::credentials::CHATKIT_AGENT_ID;
use crate::sim::testbed::read;

async fn ask(bed: &Testbed, method: &str, path: &str, body: Value, beta: Option<&str>) -> (u16, Value) {
    let request = bed.to(Openai, method, path);
    let request = beta.into_iter().fold(request, |request, beta| request.header("openai-beta", beta));
    let request = if body.is_null() { request } else { request.body(body.to_string()) };
    read(request.send().await.unwrap()).await
}

const BETA: Option<&str> = Some("chatkit_beta=v1");

#[tokio::test]
async fn a_session_is_opened_shown_whole_and_cancelled() {
    let bed = Testbed::start().await;
    let body = json!({"user": "u1", "workflow": {"id": CHATKIT_AGENT_ID, "state_variables": {"plan": "x", "age": 3}},
        "rate_limits": {"max_requests_per_1_minute": 5}, "chatkit_configuration": {"file_upload": {"enabled": true}}});
    let (status, session) = ask(&bed, "POST", "/chatkit/sessions", body, BETA).await;
    assert_eq!((status, &session["object"], &session["status"]), (200, &json!("chatkit.session"), &json!("active")));
    assert!(session["id"].as_str().unwrap().starts_with("cksess_") && session["client_secret"].is_string());
    assert_eq!(session["expires_at"], crate::sim::testbed::start_time().epoch_secs() + 600);
    assert_eq!((&session["max_requests_per_1_minute"], &session["user"]), (&json!(5), &json!("u1")));
    assert_eq!(session["workflow"]["tracing"]["enabled"], true);
    let upload = json!({"enabled": true, "max_files": 10, "max_file_size": 512});
    assert_eq!(session["chatkit_configuration"]["file_upload"], upload);
    let cancel = format!("/chatkit/sessions/{}/cancel", session["id"].as_str().unwrap());
    let (status, cancelled) = ask(&bed, "POST", &cancel, Value::Null, BETA).await;
    assert_eq!((status, &cancelled["status"], &cancelled["id"]), (200, &json!("cancelled"), &session["id"]));
    assert_eq!(ask(&bed, "POST", "/chatkit/sessions/cksess_none/cancel", Value::Null, BETA).await.0, 404);
    let (status, threads) = ask(&bed, "GET", "/chatkit/threads", Value::Null, BETA).await;
    assert_eq!((status, &threads["data"], &threads["has_more"]), (200, &json!([]), &json!(false)));
}

#[tokio::test]
async fn the_beta_header_the_workflow_and_every_parameter_are_checked() {
    let bed = Testbed::start().await;
    let of = |workflow: &str| json!({"user": "u", "workflow": {"id": workflow}});
    for (body, beta, status, param) in [
        (of(CHATKIT_AGENT_ID), None, 400, ""),
        (of(CHATKIT_AGENT_ID), Some("realtime=v1"), 400, ""),
        (of(CHATKIT_AGENT_ID), Some("assistants=v2, chatkit_beta=v1"), 200, ""),
        (of("wf_another"), BETA, 404, ""),
        (of("agent"), BETA, 400, "workflow.id"),
        (json!({"workflow": {"id": CHATKIT_AGENT_ID}}), BETA, 400, "user"),
        (json!({"user": "u"}), BETA, 400, "workflow"),
        (json!({"user": "u", "workflow": {"id": CHATKIT_AGENT_ID}, "model": "x"}), BETA, 400, "model"),
        (
            json!({"user": "u", "workflow": {"id": CHATKIT_AGENT_ID, "state_variables": {"a": []}}}),
            BETA,
            400,
            "workflow.state_variables.a",
        ),
        (
            json!({"user": "u", "workflow": {"id": CHATKIT_AGENT_ID}, "expires_after": {"seconds": 60}}),
            BETA,
            400,
            "expires_after.anchor",
        ),
    ] {
        let (found, answer) = ask(&bed, "POST", "/chatkit/sessions", body.clone(), beta).await;
        assert_eq!(found, status, "{body} {answer}");
        assert_eq!(answer["error"]["param"].as_str().unwrap_or_default(), param, "{body}");
    }
    assert_eq!(ask(&bed, "GET", "/chatkit/threads", Value::Null, None).await.0, 400);
}
