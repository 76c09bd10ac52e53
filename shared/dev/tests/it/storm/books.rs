//! What the table says against what the carrier's meter says.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use switchboard_core::{Call, EndingBy, LegId, Placing, ProviderId, TenantId};
use switchboard_dev::sim::provider::Operation;

use super::watch::magic;
use super::weather::simulated;
use crate::harness::TestWorld;

/// What a line lasts that ends by itself, in seconds, by the last digit of its number: talk, or a message on a machine.
const BY_ITSELF: [(u64, u64); 4] = [(1, 20), (7, 10), (8, 20), (9, 20)];
/// What any line lasts at most, in seconds, and a line of the agent that the world has at OmniDimension.
const LONGEST_LINE: u64 = 14_400;
const AGENT_LIMIT: u64 = 3_600;
/// What a number that names no attempt looks like.
const LEG_CHARS: usize = 40;

/// The attempts that were carried out, in the order in which the providers were asked.
#[derive(Debug, Default)]
pub(super) struct Books {
    since: u64,
    carried_out: Vec<(LegId, String)>,
    asked: BTreeMap<String, usize>,
}

impl Books {
    /// Notes what the providers were asked since the last time.
    pub(super) fn read(&mut self, world: &TestWorld) {
        let asked = world.world.simulators().recorder().requests(None, self.since);
        for request in asked {
            self.since = self.since.max(request.seq);
            let of = format!("{}.{}", request.provider.as_str(), request.operation.as_str());
            *self.asked.entry(of).or_default() += 1;
            let done = !matches!(request.fault, Some("refuse" | "status" | "lie_ok"));
            if request.operation == Operation::Place && done {
                self.carried_out.push((leg_in(&request.body), destination(&request.body)));
            }
        }
    }

    /// What the providers were asked, by operation.
    pub(super) fn asked(&self) -> &BTreeMap<String, usize> {
        &self.asked
    }

    /// Every line on the meter is an attempt of a call, which was asked for once and got past the fence; answers how many.
    pub(super) async fn nobody_was_dialled_twice(&self, world: &TestWorld, calls: Vec<&Call>) -> usize {
        let legs: BTreeMap<LegId, &Placing> =
            calls.iter().flat_map(|call| &call.legs).map(|leg| (leg.id, &leg.placing)).collect();
        let dialled: Vec<LegId> =
            self.carried_out.iter().filter(|(_, to)| *to != magic(6)).map(|(leg, _)| *leg).collect();
        let once: BTreeSet<LegId> = dialled.iter().copied().collect();
        assert_eq!(once.len(), dialled.len(), "an attempt was dialled twice");
        for leg in &once {
            let placing = legs.get(leg).unwrap_or_else(|| panic!("{leg} was dialled, and is no call's"));
            let behind_the_fence =
                matches!(placing, Placing::Dialing { .. } | Placing::Bound | Placing::Unknown { .. });
            assert!(behind_the_fence, "{leg} was dialled, and is {placing:?}");
        }
        let dials = world.world.simulators().meter().unwrap().dials;
        assert_eq!(dials, dialled.len(), "what the carrier dialled is what was asked for");
        for call in calls {
            let dialled = call.legs.iter().filter(|leg| once.contains(&leg.id)).count();
            assert!(dialled <= 1, "a call dialled two numbers: {call:#?}");
        }
        dials
    }

    /// The seconds that the meter and the caps imply are those in the tenants' figures; answers how many.
    pub(super) async fn what_was_prevented(&self, world: &TestWorld, calls: Vec<&Call>, tenants: &[&TenantId]) -> u64 {
        let meter = world.world.simulators().meter().unwrap();
        let lines: BTreeMap<(&str, &str), u64> = meter
            .lines
            .iter()
            .map(|line| ((line.provider.as_str(), line.external_id.as_str()), line.seconds))
            .collect();
        let mut implied = 0;
        for call in &calls {
            let by_deadline = call.ending.as_ref().is_some_and(|ending| ending.by == EndingBy::Deadline);
            let mut of_call = 0;
            for leg in call.legs.iter().filter(|leg| by_deadline && !call.is_live() && leg.given_up_at.is_none()) {
                let name = leg.reference.as_deref().unwrap_or_default();
                let Some(lasted) = lines.get(&(simulated(leg.provider).as_str(), name)) else { continue };
                let cap = match leg.provider {
                    ProviderId::Twilio => call.deadline_at.since(call.created_at).as_secs(),
                    ProviderId::Omnidimension => AGENT_LIMIT,
                    _ => LONGEST_LINE,
                };
                let to = call.to.as_ref().unwrap().expose();
                let itself = BY_ITSELF.iter().find(|(digit, _)| magic(*digit) == to).map_or(cap, |(_, secs)| *secs);
                if *lasted > 0 && *lasted < itself.min(cap) {
                    of_call += cap - lasted;
                }
            }
            assert_eq!(call.ghost_secs_prevented(), of_call, "{call:#?}");
            implied += of_call;
        }
        let mut counted = 0;
        for tenant in tenants {
            let (since, until) = (calls[0].created_at, world.now());
            for day in world.world.store().figures(tenant, since, until).await.unwrap() {
                counted += day.counts.get("ghostSecsPrevented").copied().unwrap_or(0);
            }
        }
        assert_eq!(u64::try_from(counted).unwrap(), implied, "the figures count what the calls add up to");
        assert!(implied > 0, "a storm in which nothing was prevented shows nothing");
        implied
    }
}

/// Our name for the attempt, wherever the provider is given it.
fn leg_in(body: &Value) -> LegId {
    let text = body.to_string();
    let at = text.find("leg_").unwrap_or_else(|| panic!("no attempt is named in {text}"));
    LegId::parse(text.get(at..at + LEG_CHARS).unwrap()).unwrap()
}

fn destination(body: &Value) -> String {
    let named = ["To", "toNumber", "to_number"].iter().find_map(|name| body.get(name));
    named.and_then(Value::as_str).unwrap().to_owned()
}
