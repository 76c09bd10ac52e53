//! The post-call webhook of the simulated OmniDimension: the only one it has, unsigned, after the call.

use std::sync::Arc;

use super::agents::Agents;
use super::record::Record;
use crate::ledger::LedgerError;
use crate::sim::address::Address;
use crate::sim::carrier::line::{Line, Progress};
use crate::sim::deliveries::{Deliveries, Message, Sender};

/// Posts the records of calls that have ended.
#[derive(Debug)]
pub(crate) struct Reporter {
    deliveries: Arc<Deliveries>,
    pub(super) agents: Agents,
    /// Where the simulator listens, which recordings are served from.
    pub(super) own: Address,
    /// Where the webhooks of agents go that have none of their own.
    pub(super) agents_hook: Address,
}

impl Reporter {
    pub(crate) fn new(deliveries: Arc<Deliveries>, agents: Agents) -> Self {
        Self { deliveries, agents, own: Address::default(), agents_hook: Address::default() }
    }

    /// Owes the webhook of a call that has ended, if its agent has one for such an end.
    pub(crate) fn report(&self, line: &Line, progress: Progress) -> Result<(), LedgerError> {
        if progress != Progress::Ended || line.callee.goes_unreported() {
            return Ok(());
        }
        let Some(record) = Record::of(line) else { return Ok(()) };
        let agent = self.agents.find(record.notes.agent_id)?;
        let Some(hook) = agent.and_then(|agent| agent.hook(&self.agents_hook)) else { return Ok(()) };
        if !hook.triggers.iter().any(|trigger| trigger == record.status.in_webhook()) {
            return Ok(());
        }
        self.deliveries.owe([Message::new(Sender::Omnidimension, &hook.url, record.posted(&self.own))])
    }
}
