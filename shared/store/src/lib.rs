//! The state of Switchboard: one DynamoDB table and one bucket.
//!
//! [`Store`] is concrete, and each noun has its own file with an `impl Store`; methods are named noun first
//! (`session_open`, `upload_claim`), so that all operations on a thing are found together. Every transition is a conditional
//! write. This crate knows the table's layout and AWS's errors; it must not know HTTP requests, credentials of callers or
//! providers. Time comes from the clock it is given.
//!
//! | module | noun |
//! |---|---|
//! | `schema` | keys, the table's definition, and the table of access patterns |
//! | `sessions`, `slots`, `turns` | voice sessions, how many a tenant may have at once, their history |
//! | `calls`, `alarms`, `figures` | calls and all that comes with them |
//! | `uploads` | tickets for recordings too large for a request |
//! | `idempotency` | first answers, by key |
//! | `api_keys` | who may call |
//! | `counters` | rate limits and the upstream's budget |
//! | `journal` | webhook deliveries, kept and applied in one transaction |
//! | `rejections` | why a delivery was refused |
//! | `hooks` | webhook URLs of senders that cannot sign |
//! | `agent_claims`, `configured_agent` | whose agent it is, and the one that is made from the configuration |
//! | `chat_sessions` | whose a chat session is |
//! | `balances` | what was left on the accounts with providers |
//! | `bucket` | bytes that are too large for the table |

mod agent_claims;
mod alarms;
mod api_keys;
mod balances;
mod bucket;
mod calls;
mod chat_sessions;
mod configured_agent;
mod counters;
mod error;
mod figures;
mod hooks;
mod idempotency;
mod item;
mod journal;
mod rejections;
pub mod schema;
mod sessions;
mod slots;
mod store;
mod transaction;
mod turns;
mod uploads;

pub use agent_claims::AgentClaim;
pub use alarms::AlarmPage;
pub use balances::KnownBalance;
pub use bucket::{Bucket, BucketConfig, BucketError, HttpClient, PresignedPut};
pub use calls::{
    CALL_RETENTION, CallFilter, CallKey, CallPage, CallWrite, Change, Changed, DialCounts, EntryPage, Heard, OpenLeg,
    Part, RealtimeQuota, RealtimeRefusal, RealtimeReserved, Reference, Renewed, Reservation, Reserved, Waiting,
    Written,
};
pub use configured_agent::{ConfiguredAgent, MakingFence};
pub use counters::{RateVerdict, UpstreamBudget};
pub use error::StoreError;
pub use figures::DayFigures;
pub use hooks::{Hook, HookPage, HookStanding};
pub use idempotency::{Begun, Fence, FirstAnswer, IdempotencyScope};
pub use journal::{Delivery, DeliveryBody, Journaled, SessionChange};
pub use rejections::Rejection;
pub use sessions::{Ended, Opened};
pub use store::Store;
pub use turns::{RecordedTurn, TurnPage};
pub use uploads::{Claimed, Upload};
