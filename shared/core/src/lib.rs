//! The vocabulary and the rules of Switchboard.
//!
//! What this crate knows: names of things (ids, tenants, scopes, providers), the points in time they happen at, what can go
//! wrong ([`Fault`]), and the pure rules of a voice session. What it must not know: HTTP, AWS, or any provider's wire; it
//! depends on serde, time, ids and the telephone numbering plans alone, so that every other crate can share it.
//!
//! | module | noun |
//! |---|---|
//! | `time` | [`Timestamp`], [`Clock`] |
//! | `id` | [`SessionId`], [`TurnId`], [`CallId`], [`LegId`], [`HookId`], [`EventId`], [`UploadId`], [`AlarmId`] |
//! | `secret` | [`Secret`], [`Personal`]: values that cannot reach a log by accident |
//! | `secret_source` | [`SecretSource`], [`SecretBundle`]: where secrets come from and which versions hold |
//! | `tenant` | [`TenantId`], [`Scope`], [`Scopes`], [`ApiKey`] |
//! | `provider` | [`ProviderId`] |
//! | `fault` | [`Fault`], [`Failure`], [`Detail`], [`Effect`] |
//! | `context` | [`Context`]: the free JSON that a session carries |
//! | `audio` | [`AudioType`]: accepted recordings and how their bytes begin |
//! | `language` | [`is_language`] |
//! | `settings` | [`Settings`]: how configuration is asked for |
//! | `money` | [`Money`], [`Micros`], [`Currency`]: exact amounts |
//! | `phone` | [`PhoneNumber`], [`NumberClass`], [`Region`]: destinations and what the numbering plans say of them |
//! | `dial_policy` | [`DialPolicy`], [`PolicyRefusal`]: which numbers may be called |
//! | `scenario` | [`Scenario`], [`placeholders_in`], [`render`]: what agents are told and say, with placeholders |
//! | `call` | [`Call`], [`Leg`], [`Evidence`], [`Duties`]: a call and its rules |
//! | `session` | [`Session`], [`SessionStatus`], [`Turn`]: a conversation and its rules |

mod audio;
mod call;
mod context;
mod dial_policy;
mod fault;
mod id;
mod language;
mod money;
mod phone;
mod provider;
mod scenario;
mod secret;
mod secret_source;
mod session;
mod settings;
mod tenant;
mod time;

pub use audio::{AudioType, MAX_AUDIO_BYTES};
pub use call::{
    ALARM_AFTER, Alarm, AlarmKind, Artifact, ArtifactState, AtFault, Attested, Billable, Call, Channel, Contribution,
    DURATION_BUCKETS_SECS, Direction, Due, Duties, Duty, EndClaim, EndReason, Ending, EndingBy, Entry, EntryNote,
    Evidence, Found, HANG_UP_WITHIN, InboundCall, LEASE, LONGEST_LINE, Lease, Leg, MAX_DURATION_SECS, NotRenewed,
    Observation, Observed, OpenAlarm, Phase, Placing, Progress, QUARANTINE, RENEW_EVERY, RUNG_ACCEPTED,
    RUNG_ALREADY_OVER, RUNG_ENDED, Rung, SlotHold, Source, SpendHold, SpokenTurn, Transcript, TranscriptOutline,
    duration_bucket,
};
pub use context::{Context, ContextTooLarge, MAX_CONTEXT_BYTES};
pub use dial_policy::{DialPolicy, PolicyRefusal, number_range};
pub use fault::{Detail, Effect, Failure, Fault};
pub use id::{AlarmId, CallId, EventId, HookId, LegId, RealtimeId, SessionId, TurnId, UploadId};
pub use language::is_language;
pub use money::{Currency, Micros, Money, NotAnAmount};
pub use phone::{BadNumber, NumberClass, PhoneNumber, Region};
pub use provider::ProviderId;
pub use scenario::{
    Bilingual, FieldKind, FormField, MissingParameters, Scenario, Script, on_one_line, placeholders_in, render,
};
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
