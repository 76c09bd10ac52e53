//! The webhooks of the simulated Hamsa: per call or per agent, unsigned, with a bearer where the call was placed with one.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use switchboard_core::Timestamp;

use super::conversation::Conversation;
use super::orders::Hook;
use crate::ledger::LedgerError;
use crate::sim::address::Address;
use crate::sim::carrier::line::{Line, Progress};
use crate::sim::deliveries::{Deliveries, Message, Sender};
use crate::sim::dialogue::{Speaker, UTTERANCE_SECS};

/// Turns the progress of conversations into webhooks.
#[derive(Debug)]
pub(crate) struct Reporter {
    deliveries: Arc<Deliveries>,
    /// Where the simulator listens, which recordings are served from.
    pub(super) own: Address,
    /// Where the webhooks of calls go that have no URL of their own.
    pub(super) agents_hook: Address,
}

impl Reporter {
    pub(crate) fn new(deliveries: Arc<Deliveries>) -> Self {
        Self { deliveries, own: Address::default(), agents_hook: Address::default() }
    }

    /// Owes what a line's progress gives rise to.
    pub(crate) fn report(&self, line: &Line, progress: Progress) -> Result<(), LedgerError> {
        if line.callee.goes_unreported() {
            return Ok(());
        }
        let (at, moment) = match progress {
            Progress::Placed => (Some(line.placed_at), Moment::Started),
            Progress::Ringing => return Ok(()),
            Progress::Answered => (line.answered_at, Moment::Answered),
            Progress::Spoken => (line.spoken_at, Moment::Spoken { tool: line.seq.is_multiple_of(2) }),
            Progress::Ended => (line.ended_at, Moment::Ended),
        };
        let at = at.unwrap_or(line.placed_at);
        let Some(conversation) = Conversation::on_phone(line, at) else { return Ok(()) };
        self.tell(&conversation, moment, at)
    }

    /// Owes the events of one moment of a conversation.
    pub(super) fn tell(&self, conversation: &Conversation, moment: Moment, at: Timestamp) -> Result<(), LedgerError> {
        let Some(hook) = self.hook(conversation) else { return Ok(()) };
        let sender = Sender::Hamsa { bearer: hook.bearer };
        let events = self.events(conversation, moment, at);
        self.deliveries.owe(events.into_iter().map(|event| Message::new(sender.clone(), &hook.url, event)))
    }

    fn hook(&self, conversation: &Conversation) -> Option<Hook> {
        let of_agent = || self.agents_hook.get().map(|url| Hook { url, bearer: None });
        conversation.notes.hook.clone().or_else(of_agent)
    }

    fn events(&self, conversation: &Conversation, moment: Moment, at: Timestamp) -> Vec<Value> {
        match moment {
            Moment::Started => vec![conversation.event("call.started", &json!({"timestamp": at}), at)],
            Moment::Answered => vec![conversation.event("call.answered", &json!({"timestamp": at}), at)],
            Moment::Spoken { tool } => {
                let mut events = updates(conversation, at);
                if tool {
                    let data = json!({"timestamp": at, "toolName": "lookup_account", "result": "ok"});
                    events.push(conversation.event("tool.executed", &data, at));
                }
                events
            }
            Moment::Ended => vec![self.ended(conversation, at)],
        }
    }

    /// The data of a call's end lie one level deeper than those of the other events.
    fn ended(&self, conversation: &Conversation, at: Timestamp) -> Value {
        let data = json!({
            "timestamp": at,
            "data": {
                "conversationId": conversation.id,
                "conversationRecording": conversation.media_url(&self.own),
                "transcription": conversation.transcription(),
                "outcomeResult": conversation.outcome(),
            },
        });
        conversation.event("call.ended", &data, at)
    }
}

/// What there is to tell about a conversation.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    Started,
    Answered,
    Spoken { tool: bool },
    Ended,
}

/// One update for each utterance so far, each with the time at which it was made.
fn updates(conversation: &Conversation, at: Timestamp) -> Vec<Value> {
    let said = conversation.said();
    let utterances = said.iter().zip((0..said.len()).rev());
    utterances
        .map(|(utterance, behind)| {
            let behind = u64::try_from(behind).unwrap_or_default();
            let at = at.minus(Duration::from_secs(behind * UTTERANCE_SECS));
            let role = if utterance.speaker == Speaker::Agent { "Agent" } else { "User" };
            let data = json!({"timestamp": at, "role": role, "text": utterance.text});
            conversation.event("transcription.update", &data, at)
        })
        .collect()
}
