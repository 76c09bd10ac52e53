//! DynamoDB: the emulator's embedded engine behind a small server of our own.
//!
//! The emulator brings a server, but that one answers every page with `Access-Control-Allow-Origin: *`. This one knows the
//! operations that the product could use, decodes their requests into the engine's types and writes its answers; what an
//! operation means is the engine's business.

use std::path::Path;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::Response;
use axum::routing::post;
use dynoxide::auth_material::{AuthMaterial, validate};
use dynoxide::{Database, DynoxideError};
use http::header::{AUTHORIZATION, DATE};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{amz_json, operation};

/// The largest request that DynamoDB takes, in bytes.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";
const SERVICE: &str = "DynamoDB_20120810";
const UNKNOWN_OPERATION: &str = r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;

/// The database could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the local database {place}; is another local world using the same data directory?")]
pub struct OpenError {
    place: String,
    source: Box<DynoxideError>,
}

/// Opens the database in `directory` (as `dynamodb.sqlite`), or one in memory that goes with the process.
///
/// # Errors
///
/// The file cannot be opened or is no database.
pub fn open(directory: Option<&Path>) -> Result<Database, OpenError> {
    let (place, opened) = match directory {
        Some(directory) => {
            let place = directory.join("dynamodb.sqlite").to_string_lossy().into_owned();
            let opened = Database::new(&place);
            (place, opened)
        }
        None => ("in memory".to_owned(), Database::memory()),
    };
    opened.map_err(|source| OpenError { place, source: Box::new(source) })
}

/// Serves `db` as DynamoDB does.
pub fn router(db: Database) -> Router {
    Router::new()
        .route("/", post(answer))
        .fallback(|| async { (StatusCode::NOT_FOUND, "<UnknownOperationException/>\n") })
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(db)
}

async fn answer(State(db): State<Database>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(name) = operation(&headers, SERVICE) else {
        return amz_json(StatusCode::BAD_REQUEST, CONTENT_TYPE, UNKNOWN_OPERATION.to_owned());
    };
    if let Some(refusal) = refused_signature(&headers) {
        return amz_json(StatusCode::BAD_REQUEST, CONTENT_TYPE, refusal);
    }
    let name = name.to_owned();
    // SQLite blocks, on a file for the length of a sync to disk; on a worker thread that would stop every other server of
    // the world. It also keeps a panic of the engine from taking the connection with it.
    let done = tokio::task::spawn_blocking(move || dispatch(&db, &name, &body)).await;
    match done {
        Ok(Ok(Some(json))) => amz_json(StatusCode::OK, CONTENT_TYPE, json),
        Ok(Ok(None)) => amz_json(StatusCode::BAD_REQUEST, CONTENT_TYPE, UNKNOWN_OPERATION.to_owned()),
        Ok(Err(error)) => {
            let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            amz_json(status, CONTENT_TYPE, error.to_json())
        }
        Err(panicked) => {
            tracing::error!(error = %panicked, "the database engine failed");
            let error = DynoxideError::InternalServerError("the database engine failed".to_owned());
            amz_json(StatusCode::INTERNAL_SERVER_ERROR, CONTENT_TYPE, error.to_json())
        }
    }
}

/// DynamoDB's error where the signature is missing or incomplete. As in the other stand-ins it is not verified.
fn refused_signature(headers: &HeaderMap) -> Option<String> {
    validate(AuthMaterial {
        authorization: headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()),
        query: "",
        has_date_header: headers.contains_key("x-amz-date") || headers.contains_key(DATE),
    })
}

/// Runs one operation; `None` where it is none that is served here.
fn dispatch(db: &Database, name: &str, body: &[u8]) -> Result<Option<String>, DynoxideError> {
    match name {
        "CreateTable" => run(name, body, |request| db.create_table(request)),
        "DescribeTable" => run(name, body, |request| db.describe_table(request)),
        "ListTables" => run(name, body, |request| db.list_tables(request)),
        "DeleteTable" => run(name, body, |request| db.delete_table(request)),
        "UpdateTable" => run(name, body, |request| db.update_table(request)),
        "UpdateTimeToLive" => run(name, body, |request| db.update_time_to_live(request)),
        "DescribeTimeToLive" => run(name, body, |request| db.describe_time_to_live(request)),
        "PutItem" => run(name, body, |request| db.put_item(request)),
        "GetItem" => run(name, body, |request| db.get_item(request)),
        "UpdateItem" => run(name, body, |request| db.update_item(request)),
        "DeleteItem" => run(name, body, |request| db.delete_item(request)),
        "Query" => run(name, body, |request| db.query(request)),
        "Scan" => run(name, body, |request| db.scan(request)),
        "BatchGetItem" => run(name, body, |request| db.batch_get_item(request)),
        "BatchWriteItem" => run(name, body, |request| db.batch_write_item(request)),
        "TransactWriteItems" => run(name, body, |request| db.transact_write_items(request)),
        "TransactGetItems" => run(name, body, |request| db.transact_get_items(request)),
        _ => Ok(None),
    }
}

fn run<In: DeserializeOwned, Out: Serialize>(
    name: &str,
    body: &[u8],
    execute: impl FnOnce(In) -> Result<Out, DynoxideError>,
) -> Result<Option<String>, DynoxideError> {
    let request = serde_json::from_slice(body).map_err(|error| undecodable(name, &error))?;
    let answer = execute(request)?;
    let json = serde_json::to_string(&answer)
        .map_err(|error| DynoxideError::InternalServerError(format!("cannot write the answer: {error}")))?;
    Ok(Some(json))
}

/// The error of a request that the engine's types refuse. They mark in the text of their message which of DynamoDB's
/// errors it stands for; a mark must not reach the wire.
fn undecodable(name: &str, error: &serde_json::Error) -> DynoxideError {
    let message = error.to_string();
    // Only serde's own messages end in where the parser stood.
    let plain = message.rsplit_once(" at line ").map_or(message.as_str(), |(text, _)| text);
    if let Some(text) = plain.strip_prefix("VALIDATION_REQUEST:") {
        return DynoxideError::ValidationException(match name {
            "PutItem" | "UpdateItem" | "DeleteItem" => format!("1 validation error detected: {text}"),
            _ => text.to_owned(),
        });
    }
    for mark in ["VALIDATION_AS_READ:", "VALIDATION:"] {
        if let Some(text) = plain.strip_prefix(mark) {
            return DynoxideError::ValidationException(text.to_owned());
        }
    }
    for mark in ["SERIALIZATION_AS_READ:", "SERIALIZATION:"] {
        if let Some(text) = plain.strip_prefix(mark) {
            return DynoxideError::SerializationException(text.to_owned());
        }
    }
    // A member that is absent or null is one that DynamoDB reads and refuses; one of a wrong type it cannot read.
    let readable = ["missing field", "unknown variant", "invalid type: null", "AttributeValue"];
    if readable.iter().any(|part| plain.contains(part)) {
        return DynoxideError::ValidationException(plain.to_owned());
    }
    DynoxideError::SerializationException(plain.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::Request;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    use super::*;

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=local/20261120/eu-central-1/dynamodb/aws4_request, \
                          SignedHeaders=host, Signature=00";

    async fn ask(router: &Router, target: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post("/")
            .header("x-amz-target", target)
            .header("authorization", SIGNED)
            .header("x-amz-date", "20261120T120000Z")
            .body(Body::from(body.to_string()))
            .unwrap();
        read(router.clone().oneshot(request).await.unwrap()).await
    }

    async fn read(answer: Response) -> (StatusCode, Value) {
        let status = answer.status();
        let body = axum::body::to_bytes(answer.into_body(), BODY_LIMIT).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn with_table() -> Router {
        let router = router(open(None).unwrap());
        let table = json!({
            "TableName": "table", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        });
        let (status, body) = ask(&router, "DynamoDB_20120810.CreateTable", &table).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        router
    }

    #[tokio::test]
    async fn what_is_put_is_got_and_a_failed_condition_is_told_as_dynamodb_does() {
        let router = with_table().await;
        let item = json!({"TableName": "table", "Item": {"pk": {"S": "a"}, "n": {"N": "1"}},
            "ConditionExpression": "attribute_not_exists(pk)"});
        assert_eq!(ask(&router, "DynamoDB_20120810.PutItem", &item).await.0, StatusCode::OK);
        let (status, body) = ask(&router, "DynamoDB_20120810.PutItem", &item).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(body["__type"], "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException");
        let key = json!({"TableName": "table", "Key": {"pk": {"S": "a"}}});
        let (_, body) = ask(&router, "DynamoDB_20120810.GetItem", &key).await;
        assert_eq!(body["Item"]["n"]["N"], "1");
    }

    #[tokio::test]
    async fn a_cancelled_transaction_gives_the_reason_of_each_item() {
        let router = with_table().await;
        let put = json!({"Put": {"TableName": "table", "Item": {"pk": {"S": "b"}}}});
        let check = json!({"ConditionCheck": {"TableName": "table", "Key": {"pk": {"S": "none"}},
            "ConditionExpression": "attribute_exists(pk)"}});
        let (status, body) =
            ask(&router, "DynamoDB_20120810.TransactWriteItems", &json!({"TransactItems": [put, check]})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(body["CancellationReasons"][0]["Code"], "None");
        assert_eq!(body["CancellationReasons"][1]["Code"], "ConditionalCheckFailed");
    }

    #[tokio::test]
    async fn what_cannot_be_understood_is_refused_with_dynamodbs_names_and_without_marks() {
        let router = with_table().await;
        let item = |name: &str, value: Value| json!({"TableName": "table", "Item": {"pk": {"S": "a"}, name: value}});
        let cases = [
            ("DynamoDB_20120810.Nonsense", json!({}), "UnknownOperationException"),
            ("Nonsense.PutItem", json!({}), "UnknownOperationException"),
            ("DynamoDB_20120810.PutItem", json!("text"), "SerializationException"),
            ("DynamoDB_20120810.PutItem", json!({}), "ValidationException"),
            ("DynamoDB_20120810.PutItem", item("v", json!({"N": "twelve"})), "ValidationException"),
            ("DynamoDB_20120810.PutItem", item("v", json!({})), "ValidationException"),
            ("DynamoDB_20120810.PutItem", item("v", json!({"S": 12})), "SerializationException"),
            ("DynamoDB_20120810.GetItem", json!({"TableName": "other", "Key": {"pk": {"S": "a"}}}), "ResourceNotFound"),
        ];
        for (target, body, expected) in cases {
            let (status, answer) = ask(&router, target, &body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST, "{target} {body}");
            assert!(answer["__type"].as_str().unwrap().contains(expected), "{target} {body}: {answer}");
            let text = answer.to_string();
            assert!(!text.contains("VALIDATION") && !text.contains("SERIALIZATION"), "{text}");
        }
    }

    #[tokio::test]
    async fn an_unsigned_request_is_refused_and_no_page_is_invited() {
        let router = with_table().await;
        let request = Request::post("/")
            .header("x-amz-target", "DynamoDB_20120810.ListTables")
            .header("origin", "https://app.example")
            .body(Body::from("{}"))
            .unwrap();
        let answer = router.oneshot(request).await.unwrap();
        assert!(answer.headers().get("access-control-allow-origin").is_none());
        let (status, body) = read(answer).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body["__type"].as_str().unwrap().contains("MissingAuthenticationToken"), "{body}");
    }
}
