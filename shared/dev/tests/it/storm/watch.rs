//! What must hold at every minute.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use switchboard_core::{Call, CallId, Timestamp};

use super::weather::simulated;
use crate::harness::TestWorld;

/// What a call may be up past its deadline without an alarm (design, P4).
const UNSEEN: Duration = Duration::from_secs(90);

/// A magic number by its last digit.
pub(super) fn magic(digit: u64) -> String {
    format!("+1500555000{digit}")
}

/// Every call, as it was when it was last looked at.
#[derive(Debug, Default)]
pub(super) struct Watch {
    calls: BTreeMap<CallId, Option<Call>>,
    /// Those that were seen past their deadline with an alarm that the list of alarms has, too.
    alarmed: BTreeSet<CallId>,
    looks: u64,
}

impl Watch {
    pub(super) fn follow(&mut self, placed: Vec<Option<CallId>>) {
        self.calls.extend(placed.into_iter().flatten().map(|id| (id, None)));
    }

    pub(super) fn calls(&self) -> Vec<&Call> {
        self.calls.values().flatten().collect()
    }

    pub(super) fn last_deadline(&self) -> Timestamp {
        self.calls().iter().map(|call| call.deadline_at).max().unwrap()
    }

    /// Reads what may have changed: all calls, or those that were not over.
    async fn read(&mut self, world: &TestWorld, all: bool) {
        let over = |call: &Option<Call>| call.as_ref().is_some_and(|call| !call.is_live());
        let ids: Vec<CallId> = self.calls.iter().filter(|(_, call)| all || !over(call)).map(|(id, _)| *id).collect();
        let reads = ids.into_iter().map(|id| async move { world.world.store().call_fetch_any(id).await.unwrap() });
        let found: Vec<Option<Call>> = stream::iter(reads).buffer_unordered(16).collect().await;
        self.calls.extend(found.into_iter().flatten().map(|call| (call.id, Some(call))));
    }

    /// Looks at calls and lines.
    pub(super) async fn look(&mut self, world: &TestWorld) {
        self.look_at_calls(world).await;
        if let Some(unseen) = self.unseen_line(world) {
            // It may have come back to life since it was last looked at.
            self.read(world, true).await;
            let still = self.unseen_line(world);
            assert_eq!(still, None, "a line is up that no call stands for (before: {unseen})");
        }
    }

    /// No call is up past its deadline and the grace without an alarm that names it.
    pub(super) async fn look_at_calls(&mut self, world: &TestWorld) {
        self.looks += 1;
        self.read(world, false).await;
        let now = world.now();
        let overdue = |call: &&Call| call.is_live() && now >= call.deadline_at.plus(UNSEEN);
        let mut fresh: Vec<&Call> = Vec::new();
        for call in self.calls().into_iter().filter(overdue) {
            assert!(!call.alarms.is_empty(), "at {now}, past its deadline without an alarm: {call:#?}");
            if !self.alarmed.contains(&call.id) {
                fresh.push(call);
            }
        }
        let mut named = Vec::new();
        for call in fresh {
            let listed = world.world.store().alarms_list(&call.tenant, true, None, 1_000).await.unwrap().alarms;
            let of_call: Vec<_> = listed.iter().filter(|alarm| alarm.call == Some(call.id)).collect();
            assert!(!of_call.is_empty(), "no open alarm of its tenant names {}", call.id);
            assert!(of_call.iter().all(|alarm| !alarm.reason.is_empty()), "an alarm says why");
            named.push(call.id);
        }
        self.alarmed.extend(named);
    }

    /// A provider and a number with more lines up than there are attempts that anybody watches.
    fn unseen_line(&self, world: &TestWorld) -> Option<String> {
        let mut watched: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for call in self.calls() {
            let to = call.to.as_ref().map(|to| to.expose().to_owned()).unwrap_or_default();
            let alarmed = !call.alarms.is_empty();
            for leg in call.legs.iter().filter(|leg| leg.may_have_been_dialled() && (leg.is_live() || alarmed)) {
                *watched.entry((simulated(leg.provider).as_str(), to.clone())).or_default() += 1;
            }
        }
        let meter = world.world.simulators().meter().unwrap();
        let mut up: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for line in meter.lines.iter().filter(|line| line.up) {
            *up.entry((line.provider.as_str(), line.to.clone())).or_default() += 1;
        }
        let more = up.into_iter().find(|(of, lines)| watched.get(of).copied().unwrap_or(0) < *lines);
        more.map(|((provider, to), lines)| {
            let found = watched.get(&(provider, to.clone())).copied().unwrap_or(0);
            format!("{provider} has {lines} lines to {to}, and {found} are watched")
        })
    }

    /// Nothing lives on but, with an alarm, what nobody can end: after the longest that any carrier keeps a line up, only the
    /// lines that obey nobody. And no alarm is open about what is over and known.
    pub(super) async fn nothing_is_left(&mut self, world: &TestWorld, to_the_end: bool) {
        self.read(world, true).await;
        let ignoring = magic(5);
        let meter = world.world.simulators().meter().unwrap();
        let up: BTreeSet<&str> =
            meter.lines.iter().filter(|line| line.up).map(|line| line.external_id.as_str()).collect();
        for call in self.calls() {
            if call.is_live() {
                assert!(!call.alarms.is_empty(), "it lives, and nobody is told: {call:#?}");
                let named = call.legs.iter().filter_map(|leg| leg.reference.as_deref());
                let obeys = call.to.as_ref().is_some_and(|to| to.expose() != ignoring);
                let is_up = named.into_iter().any(|name| up.contains(name));
                assert!(!to_the_end || (is_up && !obeys), "its line is not up, or could be ended: {call:#?}");
                continue;
            }
            assert_eq!(call.slot, None);
            let told = !call.alarms.is_empty();
            assert_eq!(call.outcome_is_unknown(), told, "an alarm for nothing, or none where nobody knows: {call:#?}");
        }
        let left: Vec<_> = meter.lines.iter().filter(|line| line.up && line.to != ignoring).collect();
        assert!(!to_the_end || left.is_empty(), "{left:?}");
    }

    pub(super) fn summary(&self) -> String {
        let unknown = self.calls().iter().filter(|call| call.outcome_is_unknown()).count();
        format!(
            "{} looks, {} calls had an alarm past their deadline, {unknown} are unknown with a reason",
            self.looks,
            self.alarmed.len()
        )
    }
}
