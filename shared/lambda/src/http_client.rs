//! The one HTTP client of a process: for AWS, for providers and for the bucket.
//!
//! TLS is ring with Mozilla's roots compiled in: reading and parsing the machine's certificates takes longer than the rest of
//! a cold start. AWS's endpoints and every provider's chain to them.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use switchboard_store::HttpClient;

/// How long a provider may take to accept a connection. Short, so that what cannot be reached leaves time to say so.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an idle connection is kept. Shorter than the idle time-outs of the load balancers in front of providers (60 s
/// and more), so that we close first and do not write into a closed connection.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A client that is built on its first use: doing it at the start costs some 2.5 ms that most cold starts can save.
#[must_use]
pub fn lazy_http_client() -> HttpClient {
    Arc::new(LazyLock::new(build))
}

fn build() -> Result<reqwest::Client, String> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())
}
