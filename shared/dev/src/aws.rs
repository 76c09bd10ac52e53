//! Stand-ins for the AWS services that the functions use, spoken to by the real SDKs over HTTP on loopback.
//!
//! Each is a router; who may reach it is the guard's matter, where it listens the world's. They imitate what the product
//! relies on, not AWS at large, and none of them is ever compiled into a function.

pub mod dynamodb;
pub mod s3;
pub mod secrets_manager;

use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

/// The region that the local world plays.
pub const REGION: &str = "eu-central-1";

/// The account that the local world plays.
pub const ACCOUNT: &str = "000000000000";

/// The only access key that the stand-ins know.
pub const ACCESS_KEY: &str = "local";

/// Its secret. Published on purpose: it opens nothing but a server on this machine.
pub const SECRET_KEY: &str = "local-secret-not-used-anywhere-else";

/// The operation that an `X-Amz-Target` header of the form `<service>.<operation>` asks for.
fn operation<'h>(headers: &'h HeaderMap, service: &str) -> Option<&'h str> {
    headers.get("x-amz-target")?.to_str().ok()?.strip_prefix(service)?.strip_prefix('.')
}

/// Whether the request carries a SigV4 signature. It is not verified here; that it is sent at all is what a function
/// that forgot to sign would get wrong.
fn is_signed(headers: &HeaderMap) -> bool {
    headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes().starts_with(b"AWS4-HMAC-SHA256 "))
}

/// An answer of the JSON protocols.
fn amz_json(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let id = crate::random::uuid().to_string();
    (status, [(CONTENT_TYPE.as_str(), content_type), ("x-amzn-requestid", id.as_str())], body).into_response()
}

#[cfg(test)]
mod tests;
