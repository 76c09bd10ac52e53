//! The shell: everything between the Lambda event and a function's handler.
//!
//! `event → CORS → body limit → authenticate → rate limit → first answer → handle → reply or error → one log line`. A function declares its
//! [`Route`]s, composes its App from a [`Boot`], and has a handler that is given a [`Caller`](switchboard_auth::Caller) and a
//! [`Request`]; everything else is the same for all and is here. This crate knows HTTP, Lambda, AWS's clients and the
//! environment; it must not know providers or what any route does.
//!
//! | module | noun |
//! |---|---|
//! | `boot` | [`Boot`]: what a process starts with, environment, clock, AWS clients |
//! | `config` | [`Config`]: reads settings, reports all problems at once |
//! | `secrets` | [`Secrets`]: Secrets Manager behind a cache |
//! | `http_client`, `aws_http` | one HTTP client for providers, the bucket and AWS's SDK |
//! | `shell` | [`Shell`]: what every function has: store, secrets, limits |
//! | `route` | [`Route`]: method, path, who may, how much |
//! | `dispatch` | [`dispatch()`] and [`serve`] |
//! | `authenticate`, `rate_limit`, `idempotency`, `cors` | the stations on the way |
//! | `request`, `reply`, `error` | [`Request`], [`Reply`], [`ApiError`] |
//! | `call_out` | a call as callers see it, and finding the call that a request is about |
//! | `schedule` | [`serve_schedule`]: a function that nobody calls |
//! | `session_access` | finding the session that a request is about |
//! | `paging` | lists in pages |
//! | `upstream` | a provider's limit of requests |
//! | `ice_servers` | [`IceServers`]: what helps a browser's peer connection through |
//! | `hook_urls` | [`HookUrls`]: addresses for senders that cannot sign |
//! | `configured_agent` | the agent that is made once from the configuration |
//! | `log` | one line per request |

mod authenticate;
mod aws_http;
mod boot;
mod call_out;
mod config;
mod configured_agent;
mod cors;
mod dispatch;
mod error;
mod hook_urls;
mod http_client;
mod ice_servers;
mod idempotency;
mod log;
mod paging;
mod rate_limit;
mod reply;
mod request;
mod route;
mod schedule;
mod secrets;
mod session_access;
mod shell;
mod upstream;

pub use boot::{AwsSettings, Boot, Environment};
pub use call_out::{CallOut, call_of, old_status, refusal};
pub use config::{Config, ConfigError};
pub use configured_agent::configured_agent;
pub use cors::AllowedOrigins;
pub use dispatch::{dispatch, serve};
pub use error::{ApiError, status_and_code};
pub use hook_urls::{HookAddress, HookUrls, TokenMaker, WEBHOOK_URL_SECRET};
pub use http_client::lazy_http_client;
pub use ice_servers::IceServers;
pub use log::{LogFilter, subscriber};
pub use reply::{Mint, Reply};
pub use request::{Object, Request};
pub use route::{RateClass, Route};
pub use schedule::serve_schedule;
pub use secrets::Secrets;
pub use session_access::{session_id, session_of, session_unusable};
pub use shell::Shell;
pub use upstream::take_upstream;
