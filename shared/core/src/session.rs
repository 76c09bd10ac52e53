//! A voice session: one conversation of one person with a provider's agent, and the rules of its life.
//!
//! A session is `opening` while the provider is asked, `active` until it is ended or its time runs out, and `ended` for
//! good: nothing reopens it. Timing out is not a write: a session *is* expired once the clock has passed `expires_at`,
//! whatever its row says and whether or not the table has removed it.

use serde::{Deserialize, Serialize};

use crate::{Context, Fault, Personal, ProviderId, SessionId, TenantId, Timestamp, TurnId};

/// Longest `userId`, in characters.
pub const MAX_USER_ID_CHARS: usize = 128;
/// Longest text of one turn, in characters.
pub const MAX_TEXT_CHARS: usize = 8_000;

/// What has been done with a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Our row and slot are taken, the provider has not confirmed yet. Invisible to callers.
    Opening,
    /// In use.
    Active,
    /// Ended, for good.
    Ended,
}

/// What a session is at a given time, as callers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionStatus {
    /// It takes turns.
    Active,
    /// It was ended.
    Ended,
    /// Its time ran out.
    Expired,
}

/// Who ended a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndedBy {
    /// Somebody asked us to.
    Request,
    /// The provider said so.
    Provider,
}

/// The last error that the provider reported about a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionError {
    /// The provider's code.
    pub code: String,
    /// The provider's words.
    pub message: Personal,
    /// When it happened, as the provider says, else when we heard of it.
    pub at: Timestamp,
}

/// A voice session as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who holds the conversation.
    pub provider: ProviderId,
    /// The application's name for the person.
    pub user_id: Personal,
    /// The language asked for (BCP 47), if any.
    pub language: Option<String>,
    /// What is known so far.
    pub context: Context,
    /// What has been done with it.
    pub state: SessionState,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it times out unless another turn comes.
    pub expires_at: Timestamp,
    /// When it was ended, if it was.
    pub ended_at: Option<Timestamp>,
    /// Who ended it, if it was.
    pub ended_by: Option<EndedBy>,
    /// Whether the provider has confirmed that its side is closed too.
    pub upstream_closed: bool,
    /// What the provider last complained of.
    pub last_error: Option<SessionError>,
    /// Which of the tenant's slots it holds.
    pub slot: u32,
    /// Counts the changes; two writers that read the same number cannot both win.
    pub version: u64,
}

/// Why a session takes no turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It was never opened, as far as callers can tell.
    Unknown,
    /// It was ended.
    Ended,
    /// Its time ran out.
    Expired,
}

impl Unusable {
    /// The meaning for the caller.
    #[must_use]
    pub fn fault(self) -> Fault {
        match self {
            Self::Unknown => Fault::NotFound,
            Self::Ended => Fault::SessionEnded,
            Self::Expired => Fault::SessionExpired,
        }
    }
}

impl Session {
    /// What the session is at `now`; `None` while it is still opening.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Option<SessionStatus> {
        match self.state {
            SessionState::Opening => None,
            SessionState::Ended => Some(SessionStatus::Ended),
            SessionState::Active if now >= self.expires_at => Some(SessionStatus::Expired),
            SessionState::Active => Some(SessionStatus::Active),
        }
    }

    /// Whether a turn may be taken at `now`.
    ///
    /// # Errors
    /// Why not.
    pub fn usable(&self, now: Timestamp) -> Result<(), Unusable> {
        match self.status(now) {
            Some(SessionStatus::Active) => Ok(()),
            Some(SessionStatus::Ended) => Err(Unusable::Ended),
            Some(SessionStatus::Expired) => Err(Unusable::Expired),
            None => Err(Unusable::Unknown),
        }
    }
}

/// Who spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The person.
    User,
    /// The provider's agent.
    Agent,
}

/// One utterance of a session's history. The two utterances of an exchange share the turn's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// The exchange it belongs to.
    pub turn_id: TurnId,
    /// Who spoke.
    pub role: Role,
    /// What was said; of a recording, its transcription.
    pub text: Personal,
    /// When.
    pub at: Timestamp,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn session(state: SessionState) -> Session {
        let at = Timestamp::from_epoch_secs(1_000);
        Session {
            id: SessionId::generate(at),
            tenant: TenantId::public(),
            provider: ProviderId::Omi,
            user_id: Personal::new("u"),
            language: None,
            context: Context::default(),
            state,
            created_at: at,
            expires_at: at.plus(Duration::from_secs(1_800)),
            ended_at: None,
            ended_by: None,
            upstream_closed: false,
            last_error: None,
            slot: 0,
            version: 1,
        }
    }

    #[test]
    fn a_session_expires_by_the_clock_at_exactly_its_time_and_ended_outranks_expired() {
        let active = session(SessionState::Active);
        let last_moment = active.expires_at.minus(Duration::from_millis(1));
        assert_eq!(active.usable(last_moment), Ok(()));
        assert_eq!(active.usable(active.expires_at), Err(Unusable::Expired));
        let ended = session(SessionState::Ended);
        assert_eq!(ended.usable(last_moment), Err(Unusable::Ended));
        assert_eq!(ended.usable(ended.expires_at), Err(Unusable::Ended));
    }

    #[test]
    fn a_session_that_is_still_opening_does_not_exist_for_callers() {
        let opening = session(SessionState::Opening);
        assert_eq!(opening.usable(opening.created_at), Err(Unusable::Unknown));
        assert_eq!(Unusable::Unknown.fault(), Fault::NotFound);
    }
}
