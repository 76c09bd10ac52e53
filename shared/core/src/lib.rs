//! The vocabulary and the rules of Switchboard.
//!
//! What this crate knows: names of things (ids, tenants, scopes, providers), the points in time they happen at, what can go
//! wrong ([`Fault`]), and the pure rules of a voice session. What it must not know: HTTP, AWS, or any provider's wire; it
//! depends on serde, time and ids alone, so that every other crate can share it.
//!
//! | module | noun |
//! |---|---|
//! | `time` | [`Timestamp`], [`Clock`] |
//! | `id` | [`SessionId`], [`TurnId`], [`EventId`], [`UploadId`] |
//! | `secret` | [`Secret`], [`Personal`]: values that cannot reach a log by accident |
//! | `secret_source` | [`SecretSource`], [`SecretBundle`]: where secrets come from and which versions hold |
//! | `tenant` | [`TenantId`], [`Scope`], [`Scopes`], [`ApiKey`] |
//! | `provider` | [`ProviderId`] |
//! | `fault` | [`Fault`], [`Failure`], [`Detail`], [`Effect`] |
//! | `context` | [`Context`]: the free JSON that a session carries |
//! | `audio` | [`AudioType`]: accepted recordings and how their bytes begin |
//! | `settings` | [`Settings`]: how configuration is asked for |
//! | `session` | [`Session`], [`SessionStatus`], [`Turn`]: a conversation and its rules |

mod audio;
mod context;
mod fault;
mod id;
mod provider;
mod secret;
mod secret_source;
mod session;
mod settings;
mod tenant;
mod time;

pub use audio::{AudioType, MAX_AUDIO_BYTES};
pub use context::{Context, ContextTooLarge, MAX_CONTEXT_BYTES};
pub use fault::{Detail, Effect, Failure, Fault};
pub use id::{EventId, SessionId, TurnId, UploadId};
pub use provider::ProviderId;
pub use secret::{Personal, Secret};
pub use secret_source::{
    Freshness, KeyedSecret, ROTATION_OVERLAP, SecretBundle, SecretSource, SecretStage, SecretUnavailable, SecretVersion,
};
pub use session::{
    EndedBy, MAX_TEXT_CHARS, MAX_USER_ID_CHARS, Role, Session, SessionError, SessionState, SessionStatus, Turn,
    Unusable,
};
pub use settings::Settings;
pub use tenant::{ApiKey, Scope, Scopes, TenantId};
pub use time::{Clock, SystemClock, Timestamp};
