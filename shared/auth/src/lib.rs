//! Who is calling, and what may they do.
//!
//! A [`Caller`] can be made only here, by showing a credential that holds for the [`Access`] which a route declares; a
//! handler that has one in its signature is therefore authorised. This crate knows keys, tokens and rules; it must not know
//! HTTP responses, AWS or providers. Time is an argument, keys are handed in.
//!
//! | module | noun |
//! |---|---|
//! | `access` | [`Access`]: the credentials and the scope that a route takes |
//! | `api_key` | [`PresentedKey`]: an API key as it is shown, made or hashed |
//! | `caller` | [`Caller`], [`Principal`], [`Denied`] |
//! | `signing` | [`SigningKeys`]: the keys of this installation, two of them during rotation |
//! | `session_token` | [`SessionToken`]: a JWT that opens one session and nothing else |
//! | `lease_secret` | [`LeaseSecret`]: renews a realtime call's lease, once |
//! | `cursor` | [`Cursor`]: where a list goes on, readable by its own tenant only |

mod access;
mod api_key;
mod caller;
mod cursor;
mod lease_secret;
mod session_token;
mod signing;

pub use access::{Access, Anonymous};
pub use api_key::PresentedKey;
pub use caller::{Caller, Denied, Principal};
pub use cursor::Cursor;
pub use lease_secret::LeaseSecret;
pub use session_token::{SESSION_TOKEN_LIFETIME, SessionToken, TokenRejected};
pub use signing::{SigningKeys, WeakKey};
