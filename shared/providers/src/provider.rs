//! Providers, and what they can do as values.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value};
use switchboard_core::{AudioType, Context, Money, Personal, ProviderId, SessionId, Timestamp};

use crate::ProviderError;

pub mod agents;
pub mod calls;

use self::agents::Agents;
use self::calls::{CallRecords, HangUp, PhoneCalls, WebCalls};

/// A provider. What it does not offer is `None`, so that it can be refused before anything is written.
pub trait Provider: Debug + Send + Sync {
    /// Its name.
    fn id(&self) -> ProviderId;

    /// Opening and closing conversations on its side.
    fn sessions(&self) -> Option<&dyn Sessions> {
        None
    }

    /// Taking a turn of a conversation.
    fn turns(&self) -> Option<&dyn Turns> {
        None
    }

    /// Placing and ending phone calls.
    fn calls(&self) -> Option<&dyn PhoneCalls> {
        None
    }

    /// Browser credentials for calls without a phone.
    fn web_calls(&self) -> Option<&dyn WebCalls> {
        None
    }

    /// Ending calls of every channel in one way.
    fn hang_up(&self) -> Option<&dyn HangUp> {
        None
    }

    /// Its own records of calls.
    fn records(&self) -> Option<&dyn CallRecords> {
        None
    }

    /// Its agents and numbers.
    fn agents(&self) -> Option<&dyn Agents> {
        None
    }

    /// The account that this installation has with it.
    fn account(&self) -> Option<&dyn Account> {
        None
    }
}

/// Opening and closing conversations.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Opens a conversation under our id. Gives the context as the provider keeps it, if it says.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn open(&self, request: &OpenSession<'_>) -> Result<Option<Map<String, Value>>, ProviderError>;

    /// Lays a patch over the provider's context.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn update(&self, session: SessionId, patch: &Map<String, Value>) -> Result<(), ProviderError>;

    /// Closes a conversation. One that the provider does not know (any more) is closed.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn close(&self, session: SessionId) -> Result<(), ProviderError>;
}

/// A conversation to be opened.
#[derive(Clone, Copy, Debug)]
pub struct OpenSession<'a> {
    /// Our id, which becomes the provider's.
    pub session: SessionId,
    /// The language (BCP 47), if another than the configured one.
    pub language: Option<&'a str>,
    /// What is known at the start.
    pub context: &'a Context,
}

/// Taking turns.
#[async_trait]
pub trait Turns: Send + Sync {
    /// Takes one turn.
    ///
    /// # Errors
    /// [`ProviderError`], whose `effect` says whether the provider may have taken it.
    async fn take(&self, request: TurnRequest<'_>) -> Result<TurnReply, ProviderError>;
}

/// One turn.
#[derive(Debug)]
pub struct TurnRequest<'a> {
    /// The conversation.
    pub session: SessionId,
    /// What the person says.
    pub input: TurnInput<'a>,
    /// What is known so far.
    pub context: &'a Context,
    /// How long it may take at most; the operation's own limit holds, too.
    pub within: Duration,
}

/// What a person says.
#[derive(Debug)]
pub enum TurnInput<'a> {
    /// In writing.
    Text(&'a Personal),
    /// By voice.
    Audio(Audio),
}

/// A recording. The bytes are shared, never copied.
#[derive(Clone)]
pub struct Audio {
    /// What kind.
    pub audio_type: AudioType,
    /// The bytes.
    pub bytes: Bytes,
}

impl Debug for Audio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Audio({}, {} bytes)", self.audio_type.as_str(), self.bytes.len())
    }
}

/// What the agent answers.
#[derive(Clone, Debug)]
pub struct TurnReply {
    /// The answer in words.
    pub text: Personal,
    /// What the person was understood to say, of a recording.
    pub transcription: Option<Personal>,
    /// The answer spoken, if the provider gives it.
    pub audio: Option<ReplyAudio>,
    /// The context as it is now on the provider's side, if it says.
    pub context: Option<Map<String, Value>>,
    /// What the agent wants the application to do, as the provider words it.
    pub actions: Vec<Value>,
}

/// A spoken answer.
#[derive(Clone)]
pub struct ReplyAudio {
    /// The media type that the provider names.
    pub mime_type: String,
    /// The bytes.
    pub bytes: Bytes,
}

impl Debug for ReplyAudio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplyAudio({}, {} bytes)", self.mime_type, self.bytes.len())
    }
}

/// The account.
#[async_trait]
pub trait Account: Send + Sync {
    /// Whether the provider answers at all.
    ///
    /// # Errors
    /// [`ProviderError`] if not.
    async fn reachable(&self) -> Result<(), ProviderError>;

    /// Whether it accepts our credentials.
    ///
    /// # Errors
    /// [`ProviderError`] if not.
    async fn credentials_accepted(&self) -> Result<(), ProviderError>;

    /// What is left on it; `None` where the provider does not say.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn balance(&self) -> Result<Option<Balance>, ProviderError> {
        Ok(None)
    }

    /// The provider's own figures for a span of time, as it words them; `None` where it keeps none.
    ///
    /// # Errors
    /// [`ProviderError`].
    async fn statistics(&self, _since: Timestamp, _until: Timestamp) -> Result<Option<Value>, ProviderError> {
        Ok(None)
    }
}

/// What is left on an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// How much.
    pub amount: Money,
    /// How many minutes of calls that is, by the provider's own reckoning.
    pub estimated_minutes: Option<u32>,
    /// Whether the provider would still place a call; `None` where it does not say.
    pub can_place_calls: Option<bool>,
}
