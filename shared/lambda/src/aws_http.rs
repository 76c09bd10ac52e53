//! AWS's SDK over the HTTP client that everything else uses.
//!
//! The SDK's own client would be a second HTTP and TLS stack in every binary, and it reads and parses the machine's certificates
//! when it is made, which alone is longer than a bare function's whole start. This is the narrow seam that the SDK offers for
//! another: a request in, a response out; retries and time limits stay the SDK's.

use std::fmt;
use std::sync::LazyLock;

use aws_smithy_runtime_api::client::http::{
    HttpClient as SdkHttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use switchboard_store::HttpClient;

/// The HTTP client as the SDK asks for it.
#[derive(Clone)]
pub(crate) struct AwsHttp(pub(crate) HttpClient);

impl fmt::Debug for AwsHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AwsHttp")
    }
}

impl SdkHttpClient for AwsHttp {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for AwsHttp {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let http = self.0.clone();
        HttpConnectorFuture::new(async move {
            let client = LazyLock::force(&http).as_ref().map_err(|what| ConnectorError::user(what.clone().into()))?;
            let response = client.execute(outgoing(request)?).await.map_err(failure)?;
            incoming(response).await
        })
    }
}

/// Every request of DynamoDB and Secrets Manager is in memory: JSON of at most 400 KB.
fn outgoing(request: HttpRequest) -> Result<reqwest::Request, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let body = body.bytes().ok_or_else(|| ConnectorError::user("a streaming request body".into()))?.to_vec();
    let request = http::Request::from_parts(parts, body);
    reqwest::Request::try_from(request).map_err(|error| ConnectorError::user(error.into()))
}

async fn incoming(response: reqwest::Response) -> Result<HttpResponse, ConnectorError> {
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(failure)?;
    let mut answer = http::Response::new(SdkBody::from(body));
    *answer.status_mut() = status;
    *answer.headers_mut() = headers;
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
}

/// The SDK retries what is a time-out or a broken connection.
fn failure(error: reqwest::Error) -> ConnectorError {
    let error = error.without_url();
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}
