//! The stand-in as a client sees it. Staging labels are tested where their rules are.

use axum::body::Body;
use http::Request;
use tower::ServiceExt;

use super::*;

const TOKEN: &str = "11111111-2222-3333-4444-555555555555";

fn noon() -> Timestamp {
    Timestamp::parse("2026-11-20T12:00:00.250Z").unwrap()
}

fn stand_in() -> (Router, ScriptedClock) {
    let clock = ScriptedClock::fixed(noon());
    let ledger = Ledger::open(dynoxide::Database::memory().unwrap()).unwrap();
    (router(ledger, clock.clone()), clock)
}

async fn ask(router: &Router, operation: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::post("/")
        .header("x-amz-target", format!("secretsmanager.{operation}"))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=local/x, SignedHeaders=host, Signature=00")
        .body(Body::from(body.to_string()))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), BODY_LIMIT).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn asked(router: &Router, operation: &str, body: &Value) -> Value {
    let (status, answer) = ask(router, operation, body).await;
    assert_eq!(status, StatusCode::OK, "{operation} {body}: {answer}");
    answer
}

async fn refused(router: &Router, operation: &str, body: &Value) -> String {
    let (status, answer) = ask(router, operation, body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{operation} {body}: {answer}");
    assert!(answer["Message"].is_string());
    answer["__type"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_secret_is_read_back_by_name_and_by_both_forms_of_its_arn() {
    let (router, _) = stand_in();
    let made = asked(&router, "CreateSecret", &json!({"Name": "switchboard/omi", "SecretString": "{\"a\":1}"})).await;
    let arn = made["ARN"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:secretsmanager:eu-central-1:000000000000:secret:switchboard/omi-"));
    for id in ["switchboard/omi", arn, arn.rsplit_once('-').unwrap().0] {
        let got = asked(&router, "GetSecretValue", &json!({"SecretId": id})).await;
        assert_eq!(got["SecretString"], "{\"a\":1}");
        assert_eq!(got["VersionId"], made["VersionId"]);
        assert_eq!(got["VersionStages"], json!(["AWSCURRENT"]));
        assert_eq!(got["CreatedDate"], json!(1_795_176_000.25));
    }
    for id in ["switchboard", "arn:aws:secretsmanager:eu-central-1:000000000000:secret:switchboard/om"] {
        assert_eq!(refused(&router, "GetSecretValue", &json!({"SecretId": id})).await, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn a_repeated_request_is_known_by_its_token() {
    let (router, _) = stand_in();
    let create = |value: &str| json!({"Name": "s", "ClientRequestToken": TOKEN, "SecretString": value});
    let first = asked(&router, "CreateSecret", &create("one")).await;
    assert_eq!(asked(&router, "CreateSecret", &create("one")).await, first);
    assert_eq!(refused(&router, "CreateSecret", &create("two")).await, "ResourceExistsException");
    let put = |value: &str| json!({"SecretId": "s", "ClientRequestToken": TOKEN, "SecretString": value});
    assert_eq!(asked(&router, "PutSecretValue", &put("one")).await["VersionId"], TOKEN);
    assert_eq!(refused(&router, "PutSecretValue", &put("two")).await, "ResourceExistsException");
}

#[tokio::test]
async fn a_rotation_as_aws_documents_it_ends_with_the_new_version_current() {
    let (router, _) = stand_in();
    let old = asked(&router, "CreateSecret", &json!({"Name": "s", "SecretString": "old"})).await;
    let pending = json!({"SecretId": "s", "SecretString": "new", "VersionStages": ["AWSPENDING"]});
    let new = asked(&router, "PutSecretValue", &pending).await;
    assert_eq!(asked(&router, "GetSecretValue", &json!({"SecretId": "s"})).await["SecretString"], "old");
    let promote = json!({"SecretId": "s", "VersionStage": "AWSCURRENT",
        "MoveToVersionId": new["VersionId"], "RemoveFromVersionId": old["VersionId"]});
    asked(&router, "UpdateSecretVersionStage", &promote).await;
    asked(&router, "UpdateSecretVersionStage", &promote).await;
    let previous = json!({"SecretId": "s", "VersionStage": "AWSPREVIOUS"});
    assert_eq!(asked(&router, "GetSecretValue", &previous).await["SecretString"], "old");
    let described = asked(&router, "DescribeSecret", &json!({"SecretId": "s"})).await;
    let stages = &described["VersionIdsToStages"];
    assert_eq!(stages[old["VersionId"].as_str().unwrap()], json!(["AWSPREVIOUS"]));
    assert_eq!(stages[new["VersionId"].as_str().unwrap()], json!(["AWSCURRENT", "AWSPENDING"]));
    assert!(!described.to_string().contains("SecretString"));
}

#[tokio::test]
async fn a_deleted_secret_is_unreadable_until_its_window_ends_and_then_its_name_is_free() {
    let (router, clock) = stand_in();
    asked(&router, "CreateSecret", &json!({"Name": "s", "SecretString": "one"})).await;
    asked(&router, "DeleteSecret", &json!({"SecretId": "s", "RecoveryWindowInDays": 7})).await;
    let read = json!({"SecretId": "s"});
    assert_eq!(refused(&router, "GetSecretValue", &read).await, "InvalidRequestException");
    let again = json!({"Name": "s", "SecretString": "two"});
    assert_eq!(refused(&router, "CreateSecret", &again).await, "InvalidRequestException");
    clock.advance(Duration::from_secs(7 * 86_400));
    assert_eq!(refused(&router, "GetSecretValue", &read).await, "ResourceNotFoundException");
    let all = json!({"IncludePlannedDeletion": true});
    assert_eq!(asked(&router, "ListSecrets", &all).await["SecretList"], json!([]));
    asked(&router, "CreateSecret", &again).await;
    let force = json!({"SecretId": "s", "ForceDeleteWithoutRecovery": true});
    asked(&router, "DeleteSecret", &force).await;
    asked(&router, "DeleteSecret", &force).await;
    asked(&router, "CreateSecret", &again).await;
}

#[tokio::test]
async fn a_list_is_paged_by_name_and_holds_no_values() {
    let (router, _) = stand_in();
    for name in ["b/2", "a/1", "b/1"] {
        asked(&router, "CreateSecret", &json!({"Name": name, "SecretString": "hidden"})).await;
    }
    let first = asked(&router, "ListSecrets", &json!({"MaxResults": 2})).await;
    let rest = asked(&router, "ListSecrets", &json!({"MaxResults": 2, "NextToken": first["NextToken"]})).await;
    let names = |page: &Value| -> Vec<String> {
        let list = page["SecretList"].as_array().unwrap().iter();
        list.map(|entry| entry["Name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(&first), names(&rest)), (vec!["a/1".into(), "b/1".into()], vec!["b/2".into()]));
    assert!(rest.get("NextToken").is_none() && !first.to_string().contains("hidden"));
    let filtered = asked(&router, "ListSecrets", &json!({"Filters": [{"Key": "name", "Values": ["b/"]}]})).await;
    assert_eq!(names(&filtered), ["b/1", "b/2"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named_without_quoting_its_secret() {
    let (router, _) = stand_in();
    asked(&router, "CreateSecret", &json!({"Name": "s", "SecretString": "one"})).await;
    let short_token = json!({"SecretId": "s", "SecretString": "x", "ClientRequestToken": "short"});
    for (operation, body, expected) in [
        ("CreateSecret", json!({"Name": "white space", "SecretString": "x"}), "InvalidParameterException"),
        ("CreateSecret", json!({"Name": "t", "SecretString": ""}), "InvalidParameterException"),
        ("CreateSecret", json!({"Name": "t", "SecretString": "x".repeat(65_537)}), "InvalidParameterException"),
        ("CreateSecret", json!({"Name": "s", "SecretString": "x"}), "ResourceExistsException"),
        ("PutSecretValue", json!({"SecretId": "s"}), "InvalidParameterException"),
        ("PutSecretValue", json!({"SecretId": "s", "SecretString": 77_001}), "InvalidParameterException"),
        ("PutSecretValue", json!({"SecretId": "none", "SecretString": "x"}), "ResourceNotFoundException"),
        ("PutSecretValue", short_token, "InvalidParameterException"),
        ("GetSecretValue", json!({"SecretId": "s", "VersionStage": "AWSPREVIOUS"}), "ResourceNotFoundException"),
        ("GetSecretValue", json!({}), "InvalidParameterException"),
        ("DeleteSecret", json!({"SecretId": "s", "RecoveryWindowInDays": 1}), "InvalidParameterException"),
        ("RotateSecret", json!({"SecretId": "s"}), "UnknownOperationException"),
    ] {
        let (status, answer) = ask(&router, operation, &body).await;
        assert_eq!((status, answer["__type"].as_str()), (StatusCode::BAD_REQUEST, Some(expected)), "{operation}");
        assert!(!answer.to_string().contains("77001"), "{answer}");
    }
}

#[tokio::test]
async fn an_unsigned_request_is_refused() {
    let (router, _) = stand_in();
    let request =
        Request::post("/").header("x-amz-target", "secretsmanager.ListSecrets").body(Body::from("{}")).unwrap();
    assert_eq!(router.oneshot(request).await.unwrap().status(), StatusCode::BAD_REQUEST);
}
