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
//! | `media` | fetching recordings: from where, how large, by whom |
//! | `error` | [`ProviderError`], [`Decline`] |
//! | `webhook` | [`Webhooks`], [`Inbound`], [`Verified`], [`Rejection`] |
//! | `standard_webhooks` | the signature scheme that OMI and OpenAI use |
//! | `capability_url` | [`CapabilityUrls`], [`UrlProof`]: what stands for a signature where a sender cannot sign |
//! | `keyed_api` | an API of JSON that knows us by one key |
//! | `lenient` | reading providers' JSON: what is of a wrong type is absent |
//! | `agent_record` | what of an agent's record may be shown, and its placeholders |
//! | `omi` | OMI |
//! | `hamsa` | Hamsa |
//! | `omnidimension` | OmniDimension |
//! | `openai` | OpenAI: realtime voice and ChatKit |
//! | `twilio` | Twilio, as a provider and as the carrier beneath others |

mod agent_record;
pub mod capability_url;
mod error;
pub mod fleet;
pub mod hamsa;
mod keyed_api;
mod lenient;
mod media;
pub mod omi;
pub mod omnidimension;
pub mod openai;
mod operation;
pub mod provider;
#[cfg(test)]
mod scripted;
pub mod standard_webhooks;
mod transport;
pub mod twilio;
mod webhook;

pub use capability_url::{BadUrlKey, CapabilityUrls, HookFacts, UrlProof};
pub use error::{Decline, ProviderError, ProviderErrorKind};
pub use operation::{CONNECT_PATIENCE, Operation};
pub use provider::agents::{Agent, AgentDraft, AgentWriting, Agents, Instruction, OwnedNumber, Page};
pub use provider::calls::{
    Appears, CallRecords, CallSearch, Check, Connected, ExternalId, FoundCall, HangUp, KnownCall, PhoneCalls,
    PlaceCall, Placed, Recording, ReportTo, RungResult, WebCalls, WouldSend,
};
pub use provider::{
    Account, Audio, Balance, OpenSession, Provider, ReplyAudio, Sessions, TurnInput, TurnReply, TurnRequest, Turns,
};
pub use transport::HttpClient;
pub use webhook::{CallNews, Cause, Inbound, News, ProviderEvent, Rejection, Verified, WebhookError, Webhooks};
