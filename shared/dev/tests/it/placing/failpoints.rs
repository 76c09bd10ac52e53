//! The failpoint walk: a creator is killed at every pause of its future, and every answer of its table and of its provider is lost,
//! garbled, refused or late, one after the other. Whoever asked asks again with the same key, at once, elsewhere, and an hour
//! later; and the simulated carrier has never been asked for a second call.

use std::io::Write;

use serde_json::Value;
use switchboard_core::{AlarmKind, Call, CallId, EndReason, Leg, Placing};
use switchboard_dev::sim::carrier::Meter;
use switchboard_dev::sim::faults::Effect;
use switchboard_dev::sim::provider::{Operation, Provider};

use super::creator::Creator;
use super::lost::Chance;
use super::{PROVIDERS, call_in, dials_to, go_wrong, kept, mend, meter, number, order, owner, place, secs};
use crate::harness::TestWorld;
use crate::process::Death;
use crate::wire::Mishap;

/// More than there are calls in any batch, so that it is never the slots that refuse.
const SLOTS: u32 = 2_000;
/// How many schedules there are in a batch of the random ones: with all their retries fewer requests than a minute allows.
const BATCH: usize = 100;
/// How long the sweep may take to find out: a minute's call, and twenty more.
const BUDGET_SECS: u64 = 60 + 20 * 60;
/// How long until even the longest line that a carrier keeps up, and had let wait for its turn, would be in a log of finished
/// calls.
const REST_SECS: u64 = 5 * 60 * 60;
/// No process pauses so often.
const MOST_PAUSES: usize = 400;

/// What befalls the process that a key comes to first.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    Nothing,
    Killed(Death),
    /// Every request to the table from this one on, or only this one.
    Table {
        from: usize,
        always: bool,
        mishap: &'static str,
    },
    Provider {
        operation: Operation,
        effect: Effect,
        times: u32,
    },
}

/// A key that was used, and for what.
struct Tried {
    provider: Provider,
    fates: Vec<Fate>,
    key: String,
    to: String,
    order: Value,
    call: CallId,
}

/// What became of the schedules.
#[derive(Default)]
struct Tally {
    schedules: usize,
    second_dials: usize,
    bound: usize,
    not_dialled: usize,
    unknown: usize,
    /// Those of them of which a log of finished calls is still to tell.
    left_unknown: Vec<CallId>,
    /// Those of which it has told.
    not_dialled_late: usize,
    /// Unknown ones of a provider that keeps a record of every call from its beginning.
    unknown_though_listed: Vec<String>,
}

struct Walk {
    world: TestWorld,
    tried: Vec<Tried>,
    used: usize,
    tally: Tally,
}

fn mishap(name: &str) -> Mishap {
    match name {
        "lost" => Mishap::Lost,
        "denied" => Mishap::Denied,
        _ => Mishap::Refused,
    }
}

impl Walk {
    async fn start() -> Self {
        let slots = SLOTS.to_string();
        let world = TestWorld::with(&[("CallMaxConcurrent", &slots)]).await;
        Self { world, tried: Vec::new(), used: 0, tally: Tally::default() }
    }

    /// One key: a process per fate, and then one that nothing befalls. Answers how many of them lived to answer.
    async fn key(&mut self, creator: &Creator, provider: Provider, fates: Vec<Fate>) -> usize {
        let tried = schedule(&self.world, creator, (provider, self.used), fates).await;
        self.used += 1;
        let (tried, answered) = tried;
        self.tried.push(tried);
        answered
    }

    /// Lets the time pass that the sweep has, and looks what is known of every call.
    async fn judge(&mut self) {
        self.world.advance(secs(BUDGET_SECS)).await;
        mend(&self.world).await;
        let meter = meter(&self.world);
        for tried in std::mem::take(&mut self.tried) {
            let again = place(&self.world.as_local(), &tried.key, &tried.order).await;
            again.expect(202);
            assert_eq!(call_in(&again), Some(tried.call), "{:?}", tried.fates);
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
            let call = kept(&self.world, tried.call).await;
            self.tally.count(&tried, &call, &meter);
        }
        assert_eq!(super::meter(&self.world).dials, meter.dials, "nobody was called for the third time of asking");
    }

    /// Once no carrier keeps any line up nothing holds a slot, and what only a log of finished calls could tell has been told.
    async fn comes_to_rest(&mut self, name: &str) {
        self.world.advance(secs(REST_SECS)).await;
        let free = self.world.world.store().call_slots_free(&owner(), SLOTS).await.unwrap();
        assert_eq!(free, SLOTS as usize, "slots were left behind");
        for id in std::mem::take(&mut self.tally.left_unknown) {
            let call = kept(&self.world, id).await;
            if !call.outcome_is_unknown() {
                let ends: Vec<_> = call.legs.iter().filter_map(Leg::end).map(|end| end.reason).collect();
                assert_eq!(ends, [EndReason::NotDialled], "nobody was called");
                assert!(!call.alarms.contains_key(&AlarmKind::OutcomeUnknown), "what is known is no alarm any more");
                self.tally.unknown -= 1;
                self.tally.not_dialled_late += 1;
            }
        }
        self.tell(name);
        assert_eq!(
            self.tally.unknown_though_listed,
            Vec::<String>::new(),
            "what a provider lists from the beginning is found out soon"
        );
        assert!(self.tally.known_of_a_hundred() >= 99.0, "{} of 100 are known", self.tally.known_of_a_hundred());
    }

    fn tell(&self, name: &str) {
        let Tally { schedules, second_dials, bound, not_dialled, not_dialled_late, unknown, .. } = &self.tally;
        let resolved = bound + not_dialled + not_dialled_late;
        // Not with `println!`, which a test that holds keeps to itself.
        let line = format!(
            "{name}: {schedules} schedules, {second_dials} second dials, {resolved} resolved ({bound} bound, {not_dialled} not \
             dialled, {not_dialled_late} not dialled by the log of finished calls), {unknown} unknown\n"
        );
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
}

/// One key used by one process after the other, and at last over the gateway.
async fn schedule(
    world: &TestWorld,
    creator: &Creator,
    (provider, at): (Provider, usize),
    fates: Vec<Fate>,
) -> (Tried, usize) {
    let (key, to) = (format!("key-{at}"), number(at));
    let order = order(provider, &to);
    let mut answered = 0;
    for fate in &fates {
        let answer = match fate {
            Fate::Killed(death) => creator.create_until(*death, &key, &order).await,
            Fate::Nothing => Some(creator.create(&key, &order).await),
            Fate::Table { from, always, mishap: name } => {
                let (from, always) = (creator.wire.seen() + from, *always);
                let mut at = creator.wire.seen();
                let meant = move |_: &str, _: &str| {
                    at += 1;
                    if always { at > from } else { at == from + 1 }
                };
                creator.wire.whenever(meant, mishap(name));
                let answer = creator.create(&key, &order).await;
                creator.wire.mend();
                Some(answer)
            }
            Fate::Provider { operation, effect, times } => {
                go_wrong(world, provider, *operation, *effect, *times).await;
                let answer = creator.create(&key, &order).await;
                mend(world).await;
                Some(answer)
            }
        };
        answered += usize::from(answer.is_some());
    }
    // At once, and then elsewhere.
    creator.create(&key, &order).await;
    let answer = place(&world.as_local(), &key, &order).await;
    let call = call_in(&answer).unwrap_or_else(|| panic!("{fates:?}: {}", answer.json));
    (Tried { provider, fates, key, to, order, call }, answered)
}

impl Tally {
    fn count(&mut self, tried: &Tried, call: &Call, meter: &Meter) {
        let Tried { provider, fates, to, .. } = tried;
        let dials = dials_to(meter, to);
        let seen = call.legs.iter().any(|leg| leg.evidence.was_seen());
        self.schedules += 1;
        self.second_dials += usize::from(dials > 1);
        assert!(dials <= 1, "{provider:?} {fates:?}: dialled {dials} times");
        if call.outcome_is_unknown() {
            self.unknown += 1;
            self.left_unknown.push(tried.call);
            if *provider != Provider::Omnidimension {
                self.unknown_though_listed.push(format!("{provider:?} {fates:?}: {:?}", call.legs));
            }
            let reasoned = |placing: &Placing| matches!(placing, Placing::Unknown { reason, .. } if !reason.is_empty());
            assert!(
                call.legs.iter().any(|leg| reasoned(&leg.placing)),
                "{provider:?} {fates:?}: unknown, and nobody says why"
            );
            assert!(
                call.alarms.contains_key(&AlarmKind::OutcomeUnknown),
                "{provider:?} {fates:?}: unknown, and nobody is told: {:?}",
                call.alarms
            );
            assert_eq!(dials, 0, "{provider:?} {fates:?}: a call that was made and logged stays unknown");
        } else if seen {
            self.bound += 1;
            let lied = fates.iter().any(|fate| matches!(fate, Fate::Provider { effect: Effect::LieOk, .. }));
            assert!(dials == 1 || lied, "{provider:?} {fates:?}: evidence of a call that was never made");
        } else {
            self.not_dialled += 1;
            assert!(!call.is_live(), "{provider:?} {fates:?}: {:?} after {BUDGET_SECS} s", call.phase());
            assert_eq!(dials, 0, "{provider:?} {fates:?}: a call that was made counts as not dialled");
        }
    }

    /// How many of a hundred are known.
    fn known_of_a_hundred(&self) -> f64 {
        let known = u32::try_from(self.bound + self.not_dialled + self.not_dialled_late).unwrap();
        100.0 * f64::from(known) / f64::from(u32::try_from(self.schedules).unwrap())
    }
}

#[tokio::test]
async fn a_creator_that_is_killed_at_any_pause_has_dialled_at_most_once() {
    let mut walk = Walk::start().await;
    let creator = Creator::start(&walk.world, &PROVIDERS).await;
    for provider in PROVIDERS {
        for sent_is_done in [true, false] {
            // Whether what was under way arrives makes the same difference to each of them.
            if !sent_is_done && provider != Provider::Twilio && !Chance::is_full_size() {
                continue;
            }
            for after in 0..MOST_PAUSES {
                let death = Death { after, sent_is_done };
                let answered = walk.key(&creator, provider, vec![Fate::Killed(death)]).await;
                if answered == 1 {
                    break;
                }
                assert!(after + 1 < MOST_PAUSES, "it never comes to an end");
            }
        }
    }
    walk.judge().await;
    walk.comes_to_rest("failpoint walk, kills").await;
}

/// How many of [`EFFECTS`] are told by the status alone, or by nothing at all.
const TOLD_BY_STATUS: usize = 7;
/// What can become of an answer of a provider.
const EFFECTS: [(Operation, Effect); 15] = [
    (Operation::Place, Effect::Status(401)),
    (Operation::Place, Effect::Status(404)),
    (Operation::Place, Effect::Status(409)),
    (Operation::Place, Effect::Status(429)),
    (Operation::Place, Effect::Status(502)),
    (Operation::Place, Effect::Status(503)),
    (Operation::Place, Effect::Slow(std::time::Duration::from_millis(40))),
    (Operation::Place, Effect::Status(400)),
    (Operation::Place, Effect::Status(500)),
    (Operation::Place, Effect::ResetAfterSend),
    (Operation::Place, Effect::Garbage),
    (Operation::Place, Effect::LieOk),
    (Operation::Agents, Effect::ResetAfterSend),
    (Operation::Agents, Effect::Garbage),
    (Operation::Agents, Effect::Status(500)),
];

#[tokio::test]
async fn whatever_becomes_of_a_providers_answers_it_is_asked_for_one_call() {
    let mut walk = Walk::start().await;
    let creator = Creator::start(&walk.world, &PROVIDERS).await;
    for provider in PROVIDERS {
        // All of them for the one that answers in the plainest way; for the others, what they read in ways of their own.
        let all = Chance::is_full_size() || provider == Provider::Twilio;
        for (operation, effect) in EFFECTS.into_iter().skip(if all { 0 } else { TOLD_BY_STATUS }) {
            walk.key(&creator, provider, vec![Fate::Provider { operation, effect, times: 2 }]).await;
        }
        let refused = Fate::Provider { operation: Operation::Place, effect: Effect::Refuse, times: 1_000 };
        walk.key(&creator, provider, vec![refused]).await;
    }
    // And those that tell the sweep what became of them.
    for provider in PROVIDERS {
        for (operation, effect) in [
            (Operation::List, Effect::ResetAfterSend),
            (Operation::List, Effect::Garbage),
            (Operation::List, Effect::Status(500)),
            (Operation::Get, Effect::ResetAfterSend),
            (Operation::Get, Effect::Garbage),
            (Operation::Get, Effect::Status(503)),
        ] {
            go_wrong(&walk.world, provider, operation, effect, 2).await;
        }
    }
    walk.judge().await;
    walk.comes_to_rest("failpoint walk, providers' answers").await;
}

#[tokio::test]
async fn whatever_becomes_of_the_tables_answers_the_provider_is_asked_for_one_call() {
    const KINDS: [(bool, &str); 4] = [(false, "lost"), (false, "denied"), (true, "refused"), (true, "lost")];
    let mut walk = Walk::start().await;
    let mut lanes = Vec::new();
    for (at, provider) in PROVIDERS.into_iter().enumerate() {
        let creator = Creator::start(&walk.world, &[provider]).await;
        let before = creator.wire.seen();
        walk.key(&creator, provider, Vec::new()).await;
        let most = creator.wire.seen() - before;
        let mut fates: [Vec<Fate>; 2] = Default::default();
        for from in 0..most {
            for (kind, (always, mishap)) in KINDS.into_iter().enumerate() {
                // Each request in each of the ways where the size allows it, else in one of them.
                if Chance::is_full_size() || (from + at) % KINDS.len() == kind {
                    fates[from % 2].push(Fate::Table { from, always, mishap });
                }
            }
        }
        lanes.extend(fates.map(|fates| (provider, fates)));
    }
    side_by_side(&mut walk, lanes).await;
    walk.judge().await;
    walk.comes_to_rest("failpoint walk, the table's answers").await;
}

/// Runs schedules in several processes at once: the pauses before the retries of AWS's SDK are long.
async fn side_by_side(walk: &mut Walk, lanes: Vec<(Provider, Vec<Fate>)>) {
    let (world, mut first) = (&walk.world, walk.used);
    let mut running = Vec::new();
    for (provider, fates) in lanes {
        let begin = first;
        first += fates.len();
        running.push(async move {
            let creator = Creator::start(world, &[provider]).await;
            let mut tried = Vec::new();
            for (at, fate) in fates.into_iter().enumerate() {
                tried.push(schedule(world, &creator, (provider, begin + at), vec![fate]).await.0);
            }
            tried
        });
    }
    let tried = futures_util::future::join_all(running).await;
    walk.used = first;
    walk.tried.extend(tried.into_iter().flatten());
}

/// `SWITCHBOARD_TEST_SCHEDULES=5000` makes it that many.
#[tokio::test]
async fn several_processes_that_die_one_after_the_other_over_one_key_have_dialled_at_most_once() {
    let mut walk = Walk::start().await;
    let creator = Creator::start(&walk.world, &PROVIDERS).await;
    let mut chance = Chance::new(20_261_120);
    let wanted = Chance::schedules(9);
    while walk.tally.schedules + walk.tried.len() < wanted {
        let provider = PROVIDERS[chance.below(PROVIDERS.len())];
        let fates = (0..1 + chance.below(3)).map(|_| chance.fate()).collect();
        walk.key(&creator, provider, fates).await;
        if walk.tried.len() == BATCH {
            walk.judge().await;
        }
    }
    walk.judge().await;
    walk.comes_to_rest("failpoint walk, random deaths").await;
}
