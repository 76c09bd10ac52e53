//! `$default`: preflights, wrong methods, wrong paths.

use http::StatusCode;
use switchboard_core::Fault;
use switchboard_lambda::{AllowedOrigins, ApiError, Reply, Request};

use crate::Operation;
use crate::paths::methods_of;

pub(crate) fn fallback(request: &Request<Operation>) -> Result<Reply, ApiError> {
    let Some(methods) = methods_of(&request.path) else {
        return Err(ApiError::not_found("no such path"));
    };
    let allowed = methods.join(", ");
    if request.method == "OPTIONS" {
        // Whether the asking page is allowed is said by the origin's headers, which the shell adds to every answer.
        let reply = Reply::empty(StatusCode::NO_CONTENT).header(http::header::ALLOW, format!("{allowed}, OPTIONS"));
        let headers = AllowedOrigins::preflight_headers(&allowed);
        return Ok(headers.into_iter().fold(reply, |reply, (name, value)| reply.header(name, value)));
    }
    let message = format!("this path does not take {}; it takes {allowed}", known_method(&request.method));
    Err(ApiError::new(Fault::MethodNotAllowed, message).with_header(http::header::ALLOW, format!("{allowed}, OPTIONS")))
}

/// The method as it may stand in an answer: whatever else a client made up is not repeated.
fn known_method(method: &str) -> &str {
    const KNOWN: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("this method")
}
