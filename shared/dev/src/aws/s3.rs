//! S3: objects as files in a directory, behind the signatures, conditions and CORS answers that browsers and functions
//! meet in AWS. Path style, one bucket, small objects; expiry of links follows wall time, as SigV4 does.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use s3s::auth::SimpleAuth;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, GetObjectInput, GetObjectOutput, HeadBucketInput, HeadBucketOutput,
    HeadObjectInput, HeadObjectOutput, ListObjectsV2Input, ListObjectsV2Output, PutObjectInput, PutObjectOutput,
    StreamingBlob,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

use super::{ACCESS_KEY, SECRET_KEY};
use crate::guard::origins;

/// The largest object, in bytes: an upload is at most 10 MB, and objects are held in memory while they arrive.
const OBJECT_LIMIT: usize = 64 * 1024 * 1024;

/// How long a browser may remember a preflight's answer, in seconds.
const PREFLIGHT_SECS: &str = "300";

/// The stand-in could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The bucket's directory cannot be made.
    #[error("cannot make the bucket's directory {directory}")]
    Directory {
        /// The directory.
        directory: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The directory cannot be used as a store.
    #[error("cannot use {directory} as an object store: {reason}")]
    Store {
        /// The directory.
        directory: String,
        /// What the store said.
        reason: String,
    },
}

/// Serves `bucket`, whose objects lie under `directory`. Pages of the origins in `cors_origin` (as in `CORS_ORIGIN`) may
/// put and get where they hold a presigned URL.
///
/// # Errors
///
/// The directory cannot be made or used.
pub fn router(directory: &Path, bucket: &str, cors_origin: &str) -> Result<Router, OpenError> {
    let shown = || directory.to_string_lossy().into_owned();
    std::fs::create_dir_all(directory.join(bucket))
        .map_err(|source| OpenError::Directory { directory: shown(), source })?;
    // The crate's error says nothing by itself; its Debug form holds the cause.
    let files = FileSystem::new(directory)
        .map_err(|error| OpenError::Store { directory: shown(), reason: format!("{error:?}") })?;
    let mut builder = S3ServiceBuilder::new(Objects { files, writing: tokio::sync::Mutex::new(()) });
    builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
    let service = builder.build();
    let origins: Arc<[String]> = origins(cors_origin).into();
    Ok(Router::new().fallback(move |request: Request| answer(service.clone(), Arc::clone(&origins), request)))
}

async fn answer(service: S3Service, origins: Arc<[String]>, request: Request) -> Response {
    let origin = request
        .headers()
        .get(ORIGIN)
        .filter(|origin| origin.to_str().is_ok_and(|origin| origins.iter().any(|allowed| allowed == origin)));
    let origin = origin.cloned();
    if request.method() == Method::OPTIONS {
        return preflight(origin, request.headers());
    }
    let mut response = match service.call(request.map(Body::http_body_unsync)).await {
        Ok(response) => response.map(axum::body::Body::new),
        Err(error) => {
            tracing::error!(error = ?error, "the object store failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    };
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("ETag"));
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
    response
}

/// Answers a browser that asks whether it may send a request: yes to the configured origins for what the bucket's CORS
/// rule in the template allows, and S3's refusal to all others.
fn preflight(origin: Option<HeaderValue>, asked: &HeaderMap) -> Response {
    let method = asked.get(ACCESS_CONTROL_REQUEST_METHOD).map(HeaderValue::as_bytes);
    let (Some(origin), Some(b"PUT" | b"GET")) = (origin, method) else {
        let body = "<Error><Code>AccessForbidden</Code><Message>CORSResponse: This CORS request is not allowed.\
                    </Message></Error>";
        return (StatusCode::FORBIDDEN, [(CONTENT_TYPE, "application/xml")], body).into_response();
    };
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("PUT, GET"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT_SECS));
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    response
}

/// The operations that are served; every other one is answered as not implemented.
struct Objects {
    files: FileSystem,
    /// Held from the check of a write's condition until it is done: of two uploads with `If-None-Match: *`, the first to
    /// arrive whole must win and the other must be told.
    writing: tokio::sync::Mutex<()>,
}

#[async_trait::async_trait]
impl S3 for Objects {
    async fn put_object(&self, mut request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        check_key(&request.input.key)?;
        // All bytes first: a slow client must not hold the turn, and what is cut off must not become an object.
        let body = match request.input.body.take() {
            Some(body) => collect(body, request.input.content_length).await?,
            None => Bytes::new(),
        };
        request.input.body = Some(StreamingBlob::from(Body::from(body)));
        let _turn = self.writing.lock().await;
        self.files.put_object(request).await
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        check_key(&request.input.key)?;
        self.files.get_object(request).await
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        check_key(&request.input.key)?;
        self.files.head_object(request).await
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        check_key(&request.input.key)?;
        let _turn = self.writing.lock().await;
        self.files.delete_object(request).await
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.files.head_bucket(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        self.files.list_objects_v2(request).await
    }
}

/// Keys become paths of files, so one that climbs would leave the bucket. None that the product makes does.
fn check_key(key: &str) -> S3Result<()> {
    if key.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(s3_error!(InvalidArgument, "a key may not have empty, . or .. parts here"));
    }
    Ok(())
}

async fn collect(mut body: StreamingBlob, announced: Option<i64>) -> S3Result<Bytes> {
    let mut whole = BytesMut::new();
    while let Some(part) =
        body.try_next().await.map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?
    {
        if whole.len().saturating_add(part.len()) > OBJECT_LIMIT {
            return Err(s3_error!(EntityTooLarge));
        }
        whole.extend_from_slice(&part);
    }
    if announced.is_some_and(|announced| usize::try_from(announced) != Ok(whole.len())) {
        return Err(s3_error!(IncompleteBody));
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests;
