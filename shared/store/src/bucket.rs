//! The bucket: bytes that are too large for the table.
//!
//! Requests to S3 are presigned URLs (Signature Version 4 in the query, by `aws-sigv4`, which the SDK itself signs with), both those that
//! clients get and our own. That keeps the S3 SDK, whose client alone is larger than a whole function, out of the binaries.
//! Source: "Authenticating Requests: Using Query Parameters (AWS Signature Version 4)", Amazon S3 API reference, read 2026-11.

use std::fmt;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use bytes::Bytes;
use switchboard_core::{Failure, Fault};

/// An HTTP client that is built when it is first needed: building one costs milliseconds that most cold starts can save.
pub type HttpClient = Arc<LazyLock<Result<reqwest::Client, String>>>;

/// How long a request of our own to the bucket may take, and how long its URL is valid.
const OWN_REQUEST_TIMEOUT: Duration = Duration::from_secs(8);

/// Where the bucket is and who we are to it.
#[derive(Clone, Debug)]
pub struct BucketConfig {
    /// The bucket's name.
    pub name: String,
    /// The region it is in.
    pub region: String,
    /// Another S3 than AWS's (`AWS_ENDPOINT_URL_S3`), addressed by path.
    pub endpoint: Option<String>,
    /// Whose requests these are.
    pub credentials: Credentials,
}

/// The bucket.
#[derive(Clone)]
pub struct Bucket {
    config: BucketConfig,
    http: HttpClient,
}

/// Permission to put one object, for somebody else to use.
#[derive(Clone, Debug)]
pub struct PresignedPut {
    /// Where to put it.
    pub url: String,
    /// Headers that must be sent exactly so; they are part of the signature.
    pub headers: Vec<(&'static str, String)>,
}

/// A request to the bucket that failed.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// There is no such object.
    #[error("{operation}: no such object")]
    Missing {
        /// The operation, by its method's name.
        operation: &'static str,
    },
    /// The object is larger than it may be.
    #[error("{operation}: the object is larger than {limit} bytes")]
    TooLarge {
        /// The operation, by its method's name.
        operation: &'static str,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// S3 cannot be reached, or answers with an error.
    #[error("{operation}: the bucket is unavailable: {what}")]
    Unavailable {
        /// The operation, by its method's name.
        operation: &'static str,
        /// The status or the kind of transport error; no URL, because ours are credentials.
        what: String,
    },
}

impl Bucket {
    /// A bucket that uses `http` for requests of its own.
    #[must_use]
    pub fn new(config: BucketConfig, http: HttpClient) -> Self {
        Self { config, http }
    }

    /// Permission to put an object of exactly this type and size, once (`If-None-Match: *`), for as long as `valid_for`.
    ///
    /// # Errors
    /// [`BucketError::Unavailable`] if it cannot be signed, which would be a defect.
    pub fn presign_put(
        &self,
        key: &str,
        content_type: &str,
        bytes: u64,
        valid_for: Duration,
    ) -> Result<PresignedPut, BucketError> {
        let headers = vec![
            ("content-type", content_type.to_owned()),
            ("content-length", bytes.to_string()),
            ("if-none-match", "*".to_owned()),
        ];
        let url = self.presign("presign_put", "PUT", key, &headers, valid_for)?;
        Ok(PresignedPut { url, headers })
    }

    /// Permission to read an object for as long as `valid_for`.
    ///
    /// # Errors
    /// [`BucketError::Unavailable`] if it cannot be signed, which would be a defect.
    pub fn presign_get(&self, key: &str, valid_for: Duration) -> Result<String, BucketError> {
        self.presign("presign_get", "GET", key, &[], valid_for)
    }

    /// Reads an object of at most `limit` bytes.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn get(&self, key: &str, limit: u64) -> Result<Bytes, BucketError> {
        const OPERATION: &str = "bucket_get";
        let url = self.presign(OPERATION, "GET", key, &[], OWN_REQUEST_TIMEOUT)?;
        let mut response = self.send(OPERATION, |http| http.get(url)).await?;
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(BucketError::TooLarge { operation: OPERATION, limit });
        }
        let room = response.content_length().unwrap_or(0);
        let mut body = bytes::BytesMut::with_capacity(usize::try_from(room).unwrap_or(0));
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(OPERATION, &error))? {
            body.extend_from_slice(&chunk);
            if u64::try_from(body.len()).unwrap_or(u64::MAX) > limit {
                return Err(BucketError::TooLarge { operation: OPERATION, limit });
            }
        }
        Ok(body.freeze())
    }

    /// Writes an object.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn put(&self, key: &str, content_type: &'static str, body: Bytes) -> Result<(), BucketError> {
        const OPERATION: &str = "bucket_put";
        let headers = [("content-type", content_type.to_owned())];
        let url = self.presign(OPERATION, "PUT", key, &headers, OWN_REQUEST_TIMEOUT)?;
        self.send(OPERATION, |http| http.put(url).header("content-type", content_type).body(body)).await.map(drop)
    }

    /// Removes an object; one that is not there is as good as removed.
    ///
    /// # Errors
    /// [`BucketError`].
    pub async fn delete(&self, key: &str) -> Result<(), BucketError> {
        const OPERATION: &str = "bucket_delete";
        let url = self.presign(OPERATION, "DELETE", key, &[], OWN_REQUEST_TIMEOUT)?;
        match self.send(OPERATION, |http| http.delete(url)).await {
            Ok(_) | Err(BucketError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn send(
        &self,
        operation: &'static str,
        request: impl FnOnce(&reqwest::Client) -> reqwest::RequestBuilder,
    ) -> Result<reqwest::Response, BucketError> {
        let client = match LazyLock::force(&self.http) {
            Ok(client) => client,
            Err(what) => return Err(BucketError::Unavailable { operation, what: what.clone() }),
        };
        let response =
            request(client).timeout(OWN_REQUEST_TIMEOUT).send().await.map_err(|error| transport(operation, &error))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            http::StatusCode::NOT_FOUND => Err(BucketError::Missing { operation }),
            status => Err(BucketError::Unavailable { operation, what: format!("status {}", status.as_u16()) }),
        }
    }

    fn presign(
        &self,
        operation: &'static str,
        method: &str,
        key: &str,
        headers: &[(&'static str, String)],
        valid_for: Duration,
    ) -> Result<String, BucketError> {
        let defect = |what: String| BucketError::Unavailable { operation, what };
        let url = self.url(key);
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(valid_for.max(Duration::from_secs(1)));
        // S3 takes paths as they are (S3 API reference, "Create a canonical request").
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let identity = Identity::from(self.config.credentials.clone());
        #[expect(
            clippy::disallowed_methods,
            reason = "S3 checks signatures against its own clock, which no scripted clock moves"
        )]
        let now = SystemTime::now();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.config.region)
            .name("s3")
            .time(now)
            .settings(settings)
            .build()
            .map_err(|error| defect(error.to_string()))?
            .into();
        let signed_headers = headers.iter().map(|(name, value)| (*name, value.as_str()));
        let request = SignableRequest::new(method, url.as_str(), signed_headers, SignableBody::UnsignedPayload)
            .map_err(|error| defect(error.to_string()))?;
        let (instructions, _) = sign(request, &params).map_err(|error| defect(error.to_string()))?.into_parts();
        let mut signed =
            http::Request::builder().method(method).uri(url).body(()).map_err(|error| defect(error.to_string()))?;
        instructions.apply_to_request_http1x(&mut signed);
        Ok(signed.uri().to_string())
    }

    /// Our keys hold only `A–Z a–z 0–9 - _ . /`, which need no escaping.
    fn url(&self, key: &str) -> String {
        let BucketConfig { name, region, endpoint, .. } = &self.config;
        match endpoint {
            Some(endpoint) => format!("{}/{name}/{key}", endpoint.trim_end_matches('/')),
            None => format!("https://{name}.s3.{region}.{}/{key}", domain_of(region)),
        }
    }
}

/// The domain of AWS in a region's partition.
fn domain_of(region: &str) -> &'static str {
    if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" }
}

/// A transport error without its URL, which is a credential.
fn transport(operation: &'static str, error: &reqwest::Error) -> BucketError {
    let what = if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "cannot connect"
    } else {
        "connection broke"
    };
    BucketError::Unavailable { operation, what: what.to_owned() }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket").field("name", &self.config.name).finish_non_exhaustive()
    }
}

impl Failure for BucketError {
    fn fault(&self) -> Fault {
        match self {
            Self::Missing { .. } => Fault::NotFound,
            Self::TooLarge { .. } => Fault::PayloadTooLarge,
            Self::Unavailable { .. } => Fault::Unavailable,
        }
    }

    fn public_message(&self) -> std::borrow::Cow<'static, str> {
        match self {
            Self::Missing { .. } => "nothing has been uploaded yet".into(),
            Self::TooLarge { .. } => "the upload is too large".into(),
            Self::Unavailable { .. } => "the service's storage is not available; try again shortly".into(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Unavailable { .. }).then_some(Duration::from_secs(1))
    }
}
