//! Tables of what becomes of a request's parts, and one whole event.

use std::net::Ipv4Addr;

use http::Request;

use super::*;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut builder = Request::builder();
    for (name, value) in pairs {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0.headers
}

fn made(pairs: &[(&str, &str)], query: &str, body: &[u8]) -> Value {
    event(&Arrival {
        method: &Method::POST,
        path: "/a/x y",
        query,
        headers: &headers(pairs),
        body,
        route_key: "POST /a/{id}",
        parameters: &BTreeMap::from([("id".to_owned(), "x y".to_owned())]),
        domain: "api.example.test",
        peer: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1)),
        request_id: "the-request",
        trace_id: "Root=1-0-0",
        at: Timestamp::parse("2026-11-20T12:00:00.250Z").unwrap(),
    })
}

#[test]
fn a_whole_event_looks_as_aws_documents_it() {
    let sent = [("host", "localhost:3000"), ("User-Agent", "test/1"), ("content-type", "application/json")];
    assert_eq!(
        made(&sent, "a=1&a=2&b=c%20d+e&flag&=x", b"{}"),
        json!({
            "version": "2.0",
            "routeKey": "POST /a/{id}",
            "rawPath": "/a/x y",
            "rawQueryString": "a=1&a=2&b=c%20d+e&flag&=x",
            "headers": {
                "content-length": "2", "content-type": "application/json", "host": "localhost:3000",
                "user-agent": "test/1", "x-amzn-trace-id": "Root=1-0-0", "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "3000", "x-forwarded-proto": "http",
            },
            "queryStringParameters": {"a": "1,2", "b": "c d e", "flag": "", "": "x"},
            "pathParameters": {"id": "x y"},
            "requestContext": {
                "accountId": "000000000000", "apiId": "local", "domainName": "api.example.test", "domainPrefix": "api",
                "http": {
                    "method": "POST", "path": "/a/x y", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1",
                    "userAgent": "test/1",
                },
                "requestId": "the-request", "routeKey": "POST /a/{id}", "stage": "$default",
                "time": "20/Nov/2026:12:00:00 +0000", "timeEpoch": 1_795_176_000_250_i64,
            },
            "body": "{}",
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn only_text_that_aws_takes_for_text_travels_as_text() {
    for (content_type, body, is_text) in [
        (Some("application/json"), "{}".as_bytes(), true),
        (Some("Application/JSON; charset=utf-8"), b"{}", true),
        (Some("text/plain"), b"x", true),
        (Some("text/csv;header=present"), b"x", true),
        (Some("application/xml"), b"<a/>", true),
        (Some("application/javascript"), b"1", true),
        (Some("application/json"), b"\xff", false),
        (Some("application/x-www-form-urlencoded"), b"a=b", false),
        (Some("application/problem+json"), b"{}", false),
        (Some("application/jsonp"), b"{}", false),
        (Some("application/sdp"), b"v=0", false),
        (Some("multipart/form-data; boundary=x"), b"--x--", false),
        (Some("audio/wav"), b"RIFF", false),
        (Some(""), b"x", false),
        (None, b"x", false),
    ] {
        let sent: Vec<(&str, &str)> = content_type.map(|value| ("content-type", value)).into_iter().collect();
        let event = made(&sent, "", body);
        assert_eq!(event["isBase64Encoded"], !is_text, "{content_type:?}");
        let travels = if is_text { String::from_utf8(body.to_vec()).unwrap() } else { STANDARD.encode(body) };
        assert_eq!(event["body"], travels, "{content_type:?}");
    }
    let event = made(&[("content-type", "audio/wav")], "", b"");
    assert_eq!((event.get("body"), &event["isBase64Encoded"]), (None, &json!(false)));
}

#[test]
fn headers_are_lower_case_and_joined_and_the_gateways_own_cannot_be_forged() {
    let event = made(
        &[
            ("X-Twice", "one"),
            ("x-twice", "two"),
            ("X-Forwarded-For", "203.0.113.9"),
            ("X-Forwarded-Proto", "gopher"),
            ("X-Amzn-Trace-Id", "forged"),
            ("content-length", "99"),
            ("Connection", "keep-alive"),
            ("Transfer-Encoding", "chunked"),
        ],
        "",
        b"12345",
    );
    assert_eq!(
        event["headers"],
        json!({
            "content-length": "5", "x-amzn-trace-id": "Root=1-0-0", "x-forwarded-for": "203.0.113.9, 127.0.0.1",
            "x-forwarded-port": "80", "x-forwarded-proto": "http", "x-twice": "one,two",
        })
    );
}

#[test]
fn cookies_are_split_and_leave_the_headers() {
    let event = made(&[("cookie", "a=1; b=\"2\""), ("cookie", "c=3;;")], "", b"");
    assert_eq!(event["cookies"], json!(["a=1", "b=\"2\"", "c=3"]));
    assert!(event["headers"].get("cookie").is_none());
    assert!(made(&[], "", b"").get("cookies").is_none());
}

#[test]
fn the_raw_query_is_kept_byte_for_byte() {
    for (query, decoded) in [
        ("a=%41&b=%c3%a9", json!({"a": "A", "b": "é"})),
        ("a=%zz", json!({"a": "%zz"})),
        ("a==b&&", json!({"a": "=b"})),
        ("sig=a%2Bb%2F%3D", json!({"sig": "a+b/="})),
    ] {
        let event = made(&[], query, b"");
        assert_eq!(event["rawQueryString"], query);
        assert_eq!(event["queryStringParameters"], decoded);
    }
    let event = made(&[], "", b"");
    assert_eq!((&event["rawQueryString"], event.get("queryStringParameters")), (&json!(""), None));
}
