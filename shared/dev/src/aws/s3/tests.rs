//! Presigned uploads and downloads as a browser sees them.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use switchboard_core::Timestamp;
use tower::ServiceExt;

use super::*;
use crate::aws::REGION;

const HOST: &str = "127.0.0.1:9000";
const APP: &str = "https://app.example";

/// The path and query of a link signed `age` ago that lives for a minute.
fn presign(method: &str, key: &str, secret: &str, headers: &[(&str, &str)], age: Duration) -> String {
    let millis = u64::try_from(Timestamp::system_now().epoch_millis()).unwrap();
    let identity = Credentials::new(ACCESS_KEY, secret, None, None, "test").into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(Duration::from_secs(60));
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    let params = SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("s3")
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(millis) - age)
        .settings(settings)
        .build()
        .unwrap();
    let url = format!("http://{HOST}/bucket/{key}");
    let headers = headers.iter().copied().chain([("host", HOST)]);
    let request = SignableRequest::new(method, &url, headers, SignableBody::UnsignedPayload).unwrap();
    let (instructions, _) = sign(request, &params.into()).unwrap().into_parts();
    let mut request = Request::builder().method(method).uri(&url).body(()).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    request.uri().path_and_query().unwrap().to_string()
}

struct Bucket {
    router: Router,
    _directory: tempfile::TempDir,
}

impl Bucket {
    fn open() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { router: router(directory.path(), "bucket", APP).unwrap(), _directory: directory }
    }

    async fn send(&self, method: &str, link: &str, headers: &[(&str, &str)], body: &'static str) -> Response {
        let mut request = Request::builder().method(method).uri(link).header("host", HOST);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.router.clone().oneshot(request.body(axum::body::Body::from(body)).unwrap()).await.unwrap()
    }
}

const UPLOAD: [(&str, &str); 3] = [("content-length", "5"), ("content-type", "audio/wav"), ("if-none-match", "*")];

async fn body(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1_000_000).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_presigned_upload_is_taken_once_and_read_back_with_its_type() {
    let bucket = Bucket::open();
    let link = presign("PUT", "uploads/a", SECRET_KEY, &UPLOAD, Duration::ZERO);
    assert_eq!(bucket.send("PUT", &link, &UPLOAD, "hello").await.status(), StatusCode::OK);
    assert_eq!(bucket.send("PUT", &link, &UPLOAD, "other").await.status(), StatusCode::PRECONDITION_FAILED);
    let link = presign("GET", "uploads/a", SECRET_KEY, &[], Duration::ZERO);
    let got = bucket.send("GET", &link, &[], "").await;
    assert_eq!(got.headers().get("content-type").unwrap(), "audio/wav");
    assert_eq!(body(got).await, "hello");
}

#[tokio::test]
async fn of_uploads_at_once_exactly_one_wins() {
    let bucket = Bucket::open();
    let link = presign("PUT", "uploads/a", SECRET_KEY, &UPLOAD, Duration::ZERO);
    let sent = futures_util::future::join_all((0..8).map(|_| bucket.send("PUT", &link, &UPLOAD, "hello"))).await;
    let taken = sent.iter().filter(|answer| answer.status() == StatusCode::OK).count();
    let told = sent.iter().filter(|answer| answer.status() == StatusCode::PRECONDITION_FAILED).count();
    assert_eq!((taken, told), (1, 7));
}

#[tokio::test]
async fn what_was_signed_is_what_may_be_sent() {
    let bucket = Bucket::open();
    let link = presign("PUT", "uploads/a", SECRET_KEY, &UPLOAD, Duration::ZERO);
    let [length, kind, condition] = UPLOAD;
    for (sent, bytes) in [
        (vec![("content-length", "7"), kind, condition], "hello!!"),
        (vec![length, ("content-type", "audio/mpeg"), condition], "hello"),
        (vec![length, kind], "hello"),
        (vec![kind, condition], "hello"),
        (vec![length, condition], "hello"),
        (vec![length, kind, ("if-none-match", "\"tag\"")], "hello"),
    ] {
        assert_eq!(bucket.send("PUT", &link, &sent, bytes).await.status(), StatusCode::FORBIDDEN, "{sent:?}");
    }
    let elsewhere = link.replace("uploads/a", "uploads/b");
    assert_eq!(bucket.send("PUT", &elsewhere, &UPLOAD, "hello").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(bucket.send("GET", &link, &[], "").await.status(), StatusCode::FORBIDDEN);
    let cut = bucket.send("PUT", &link, &UPLOAD, "hel").await;
    assert_eq!(cut.status(), StatusCode::BAD_REQUEST, "a body shorter than announced");
    let link = presign("GET", "uploads/a", SECRET_KEY, &[], Duration::ZERO);
    assert_eq!(bucket.send("GET", &link, &[], "").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn unsigned_wrongly_signed_and_expired_requests_are_refused() {
    let bucket = Bucket::open();
    assert_eq!(bucket.send("GET", "/bucket/uploads/a", &[], "").await.status(), StatusCode::FORBIDDEN);
    for (secret, age) in [("another secret", 0), (SECRET_KEY, 61)] {
        let link = presign("PUT", "uploads/a", secret, &UPLOAD, Duration::from_secs(age));
        assert_eq!(bucket.send("PUT", &link, &UPLOAD, "hello").await.status(), StatusCode::FORBIDDEN, "{age}");
    }
}

#[tokio::test]
async fn a_key_cannot_leave_the_bucket() {
    let bucket = Bucket::open();
    for key in ["../outside", "%2e%2e/outside", "..%2f..%2foutside"] {
        let link = presign("PUT", key, SECRET_KEY, &UPLOAD, Duration::ZERO);
        let sent = bucket.send("PUT", &link, &UPLOAD, "hello").await;
        assert!(sent.status().is_client_error(), "{key}: {}", sent.status());
    }
}

#[tokio::test]
async fn only_configured_pages_are_invited() {
    let bucket = Bucket::open();
    let ask = |origin: &'static str, method: &'static str| {
        vec![
            ("origin", origin),
            ("access-control-request-method", method),
            ("access-control-request-headers", "content-type,if-none-match"),
        ]
    };
    let allowed = bucket.send("OPTIONS", "/bucket/uploads/a", &ask(APP, "PUT"), "").await;
    assert_eq!(allowed.status(), StatusCode::OK);
    assert_eq!(allowed.headers().get("access-control-allow-origin").unwrap(), APP);
    assert_eq!(allowed.headers().get("access-control-allow-headers").unwrap(), "content-type,if-none-match");
    for (origin, method) in [("https://evil.example", "PUT"), (APP, "DELETE"), ("null", "PUT"), ("*", "GET")] {
        let refused = bucket.send("OPTIONS", "/bucket/uploads/a", &ask(origin, method), "").await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{origin} {method}");
        assert!(refused.headers().get("access-control-allow-origin").is_none());
    }
    // The answer to the request itself is readable for the page, be it a refusal.
    let link = presign("GET", "uploads/none", SECRET_KEY, &[], Duration::ZERO);
    let missing = bucket.send("GET", &link, &[("origin", APP)], "").await;
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
    assert_eq!(missing.headers().get("access-control-allow-origin").unwrap(), APP);
    let foreign = bucket.send("GET", &link, &[("origin", "https://evil.example")], "").await;
    assert!(foreign.headers().get("access-control-allow-origin").is_none());
}
