//! The provider library: what each provider can do, spoken in its own wire.
//!
//! A [`Provider`] is asked for its capabilities, which are values: [`Sessions`], [`Turns`], [`Account`]; what it does not offer is
//! `None`, decided before anything is written. Webhooks are read by [`Webhooks`], whose `normalise` can see verified bytes
//! only. This crate knows HTTP clients and signatures; it must not know AWS, Lambda, the table, or our own API's statuses.
//!
//! | module | noun |
//! |---|---|
//! | `provider` | [`Provider`] and its capabilities |
//! | `operation` | [`Operation`]: each request's name, time limit, attempts |
//! | `transport` | sending: what was sent, what may have happened, what may be tried again |
//! | `error` | [`ProviderError`] |
//! | `webhook` | [`Webhooks`], [`Inbound`], [`Verified`], [`Rejection`] |
//! | `standard_webhooks` | the signature scheme that OMI and OpenAI use |
//! | `omi` | OMI |

mod error;
pub mod omi;
mod operation;
mod provider;
pub mod standard_webhooks;
mod transport;
mod webhook;

pub use error::{ProviderError, ProviderErrorKind};
pub use operation::{CONNECT_PATIENCE, Operation};
pub use provider::{
    Account, Audio, OpenSession, Provider, ReplyAudio, Sessions, TurnInput, TurnReply, TurnRequest, Turns,
};
pub use transport::HttpClient;
pub use webhook::{Cause, Inbound, News, ProviderEvent, Rejection, Verified, WebhookError, Webhooks};
