//! The HTTP client for providers and the bucket.

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
    // Err means that the process has a provider already, which is this one: there is no other in the tree.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .no_proxy()
        .build()
        .map_err(|error| error.to_string())
}
