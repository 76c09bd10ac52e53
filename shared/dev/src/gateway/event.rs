//! An HTTP request as the event that an HTTP API gives to a function (payload format 2.0).
//!
//! Pure. Follows AWS's description of the format
//! (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>, read
//! 2026-11-20) and, where that is silent, published captures of live events: which bodies travel as base64, that cookies
//! leave the headers, that `rawPath` is decoded.

use std::collections::BTreeMap;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, TRANSFER_ENCODING, UPGRADE, USER_AGENT};
use http::{HeaderMap, HeaderName, Method};
use serde_json::{Map, Value, json};
use switchboard_core::Timestamp;

use super::path::percent_decoded;
use crate::aws::ACCOUNT;

/// The id of the API that the local world plays.
const API_ID: &str = "local";

/// Headers about one connection, which end at the gateway.
const HOP_BY_HOP: [HeaderName; 6] = [
    CONNECTION,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("te"),
];

/// What the gateway knows of a request when it calls a function.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    pub(super) method: &'a Method,
    /// As delivered: decoded.
    pub(super) path: &'a str,
    /// As sent, without the question mark.
    pub(super) query: &'a str,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) route_key: &'a str,
    pub(super) parameters: &'a BTreeMap<String, String>,
    pub(super) domain: &'a str,
    pub(super) peer: IpAddr,
    pub(super) request_id: &'a str,
    pub(super) trace_id: &'a str,
    pub(super) at: Timestamp,
}

/// The event.
pub(super) fn event(arrival: &Arrival<'_>) -> Value {
    let prefix = arrival.domain.split('.').next().unwrap_or_default();
    let mut event = Map::from_iter([
        ("version".to_owned(), json!("2.0")),
        ("routeKey".to_owned(), json!(arrival.route_key)),
        ("rawPath".to_owned(), json!(arrival.path)),
        ("rawQueryString".to_owned(), json!(arrival.query)),
        ("headers".to_owned(), json!(headers(arrival))),
        (
            "requestContext".to_owned(),
            json!({
                "accountId": ACCOUNT, "apiId": API_ID, "domainName": arrival.domain, "domainPrefix": prefix,
                "http": {
                    "method": arrival.method.as_str(), "path": arrival.path, "protocol": "HTTP/1.1",
                    "sourceIp": arrival.peer.to_string(),
                    "userAgent": arrival.headers.get(USER_AGENT).map(text).unwrap_or_default(),
                },
                "requestId": arrival.request_id, "routeKey": arrival.route_key, "stage": "$default",
                "time": clf_time(arrival.at), "timeEpoch": arrival.at.epoch_millis(),
            }),
        ),
    ]);
    let (body, is_base64) = body(arrival.headers, arrival.body);
    event.insert("isBase64Encoded".to_owned(), json!(is_base64));
    // What there is none of, AWS leaves out.
    let cookies = cookies(arrival.headers);
    let query = query_parameters(arrival.query);
    for (name, present, value) in [
        ("body", body.is_some(), json!(body)),
        ("cookies", !cookies.is_empty(), json!(cookies)),
        ("queryStringParameters", !query.is_empty(), json!(query)),
        ("pathParameters", !arrival.parameters.is_empty(), json!(arrival.parameters)),
    ] {
        if present {
            event.insert(name.to_owned(), value);
        }
    }
    Value::Object(event)
}

/// Lower-case names, several values joined by a comma, cookies apart; and what the gateway adds itself, in place of
/// whatever a client sent under these names, the chain of addresses excepted.
fn headers(arrival: &Arrival<'_>) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    for name in arrival.headers.keys() {
        if *name == COOKIE || HOP_BY_HOP.contains(name) {
            continue;
        }
        let values: Vec<String> = arrival.headers.get_all(name).iter().map(text).collect();
        headers.insert(name.as_str().to_owned(), values.join(","));
    }
    let peer = arrival.peer.to_string();
    let chain = headers.get("x-forwarded-for").map_or_else(|| peer.clone(), |sent| format!("{sent}, {peer}"));
    let host = arrival.headers.get(HOST).map(text).unwrap_or_default();
    let port = host.rsplit_once(':').map(|(_, port)| port).filter(|port| port.parse::<u16>().is_ok());
    for (name, value) in [
        (CONTENT_LENGTH.as_str(), arrival.body.len().to_string()),
        ("x-amzn-trace-id", arrival.trace_id.to_owned()),
        ("x-forwarded-for", chain),
        ("x-forwarded-port", port.unwrap_or("80").to_owned()),
        ("x-forwarded-proto", "http".to_owned()),
    ] {
        headers.insert(name.to_owned(), value);
    }
    headers
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    let lines: Vec<String> = headers.get_all(COOKIE).iter().map(text).collect();
    let cookies = lines.iter().flat_map(|line| line.split(';')).map(str::trim);
    cookies.filter(|cookie| !cookie.is_empty()).map(str::to_owned).collect()
}

/// Decoded, several values of a name joined by a comma. The raw string is what a function should read; these are here
/// because AWS sends them.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value);
        parameters
            .entry(decoded(name))
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    parameters
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decoded(&spaced).unwrap_or(spaced)
}

/// The body as it travels: as text where its type is one of the few that AWS takes for text, else as base64.
fn body(headers: &HeaderMap, body: &[u8]) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let content_type = headers.get(CONTENT_TYPE).map(text).unwrap_or_default().to_ascii_lowercase();
    match std::str::from_utf8(body) {
        Ok(body) if is_text(&content_type) => (Some(body.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

/// Forms, vendor types such as `application/problem+json` and bodies without a type are not among them
/// (<https://github.com/ministackorg/ministack/pull/766>, checked there against live HTTP APIs).
fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.starts_with("text/")
        || matches!(media_type, "application/json" | "application/javascript" | "application/xml")
}

fn text(value: &http::HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// A time as in the common log format: `20/Nov/2026:12:00:00 +0000`.
fn clf_time(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let written = at.to_string();
    let (date, time) = written.split_once('T').unwrap_or_default();
    let mut parts = date.splitn(3, '-');
    let (year, month, day) =
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let number = month.parse::<usize>().unwrap_or(1);
    let month = MONTHS.get(number.saturating_sub(1)).copied().unwrap_or_default();
    let time = time.split('.').next().unwrap_or_default();
    format!("{day}/{month}/{year}:{time} +0000")
}

#[cfg(test)]
mod tests;
