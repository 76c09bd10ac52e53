//! Calls in a storm: every magic number with every provider, while three of ten requests to the providers go wrong and
//! webhooks are lost, doubled, late and out of order. What is promised holds at every minute of it: no call is up past its
//! deadline without an alarm that names it, nobody is dialled twice, and in the end nothing is left behind.
//!
//! `SWITCHBOARD_TEST_CALLS` says how many calls there are, `SWITCHBOARD_TEST_SEED` which storm it is. A storm of the usual size
//! stops when only those calls are up that nobody can end; a larger one goes on until nobody believes in these either.

mod books;
mod dice;
mod watch;
mod weather;

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;
use serde_json::json;
use switchboard_core::{CallId, ProviderId, Scope, TenantId};
use switchboard_dev::credentials::TWILIO_NUMBERS;

use self::books::Books;
use self::dice::Dice;
use self::watch::Watch;
use crate::harness::TestWorld;
use crate::sizes::{size, tell};

/// Calls in a storm of the usual size.
const USUAL_CALLS: u64 = 54;
/// Calls that are placed in a minute, and in how many batches. An API key may ask 600 times a minute.
const CALLS_A_MINUTE: u64 = 40;
const BATCHES: u64 = 5;
/// Calls of one tenant: below what it may have at once, so that no call is refused for want of a slot.
const CALLS_OF_A_TENANT: u64 = 40;
/// What a tenant may have at once (`CALL_MAX_CONCURRENT`).
const SLOTS: u32 = 50;
/// How long calls may last, in seconds: some end before the first sweep, some long after.
const LASTS_SECS: [u32; 6] = [10, 20, 45, 60, 150, 300];
/// The longest after the last deadline that anything of a call may change that can be ended or is over: the quarantine of
/// what is unknown, and a few minutes.
const AFTERMATH: Duration = Duration::from_secs(20 * 60);
/// How long after a deadline nobody believes in a line any more, and some time for the last looks.
const LONGEST: Duration = Duration::from_secs(4 * 60 * 60 + 20 * 60);
const MINUTE: Duration = Duration::from_secs(60);
/// A look at what only waits for its line's longest life.
const NOW_AND_THEN: Duration = Duration::from_secs(10 * 60);

/// A tenant and its key.
struct Tenant {
    id: TenantId,
    key: String,
}

/// What is asked for.
#[derive(Clone, Copy, Debug)]
struct Wish {
    tenant: usize,
    provider: ProviderId,
    digit: u64,
    lasts_secs: u32,
    /// Over a number of our own, where the provider has numbers of its own, too.
    over_own_number: bool,
    fallback: Option<ProviderId>,
    /// Somebody changes their mind at once.
    ended_at_once: bool,
}

const PROVIDERS: [ProviderId; 3] = [ProviderId::Hamsa, ProviderId::Omnidimension, ProviderId::Twilio];

impl Wish {
    fn roll(dice: &mut Dice, number: u64) -> Self {
        // Every provider meets every number; what ignores every end costs a sweep for four hours, so it comes less often.
        let provider = PROVIDERS[usize::try_from(number % 3).unwrap()];
        let digit = match number / 3 % 9 + 1 {
            5 if number >= 27 && !dice.chance(30) => 4,
            digit => digit,
        };
        let fallback = dice.chance(15).then(|| dice.pick(&PROVIDERS)).filter(|other| *other != provider);
        Self {
            tenant: usize::try_from(number / CALLS_OF_A_TENANT).unwrap(),
            provider,
            digit,
            lasts_secs: dice.pick(&LASTS_SECS),
            over_own_number: dice.chance(30),
            fallback,
            ended_at_once: digit != 5 && dice.chance(5),
        }
    }

    fn body(&self) -> serde_json::Value {
        let mut body = json!({"channel": "phone", "provider": self.provider.as_str(), "to": watch::magic(self.digit),
            "maxDurationSecs": self.lasts_secs});
        let fields = body.as_object_mut().unwrap();
        if let Some(fallback) = self.fallback {
            fields.insert("fallback".to_owned(), json!([fallback.as_str()]));
        }
        if self.over_own_number {
            fields.insert("from".to_owned(), json!(TWILIO_NUMBERS[0]));
        }
        body
    }
}

/// Has a call placed, some of them twice with the same key as an impatient client would; answers its id, where it came to have
/// one.
async fn place(world: &TestWorld, tenants: &[Tenant], wish: Wish, number: u64) -> Option<CallId> {
    let caller = world.bearing(&tenants[wish.tenant].key).with("idempotency-key", &format!("call-{number}"));
    let first = caller.post("/api/calls", &wish.body()).await;
    let again = if number.is_multiple_of(3) { Some(caller.post("/api/calls", &wish.body()).await) } else { None };
    let id_in = |answer: &crate::harness::Answer| {
        let named = answer.json.pointer("/callId").or(answer.json.pointer("/error/callId"));
        named.and_then(|id| CallId::parse(id.as_str().unwrap()))
    };
    for answer in [Some(&first), again.as_ref()].into_iter().flatten() {
        assert_ne!(answer.status, 500, "{wish:?}: {}", answer.json);
        assert_ne!(answer.status, 429, "{wish:?}: {}", answer.json);
    }
    let (id, repeated) = (id_in(&first), again.as_ref().map(id_in));
    if let (Some(_), Some(repeated)) = (id, repeated) {
        assert_eq!(repeated, id, "a key has one call: {} {again:?}", first.json);
    }
    let id = id.or(repeated.flatten());
    if let Some(id) = id.filter(|_| wish.ended_at_once) {
        let asked = world.bearing(&tenants[wish.tenant].key).post(&format!("/api/calls/{id}/end"), &json!({})).await;
        assert!(matches!(asked.status, 200 | 202 | 422), "{}", asked.json);
    }
    id
}

async fn tenants(world: &TestWorld, calls: u64) -> Vec<Tenant> {
    let mut tenants = Vec::new();
    for number in 0..calls.div_ceil(CALLS_OF_A_TENANT) {
        let name = format!("tenant-{number}");
        let key = world.new_key(&name, [Scope::CallsWrite, Scope::CallsRead]).await;
        tenants.push(Tenant { id: TenantId::parse(&name).unwrap(), key });
    }
    tenants
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_outlives_its_deadline_unseen_whatever_providers_and_webhooks_do() {
    let calls = size("SWITCHBOARD_TEST_CALLS", USUAL_CALLS);
    let seed = size("SWITCHBOARD_TEST_SEED", 1);
    let begun = Instant::now();
    let world = TestWorld::start().await;
    let tenants = tenants(&world, calls).await;
    let mut dice = Dice::seeded(seed);
    let (mut watch, mut books) = (Watch::default(), Books::default());

    let mut number = 0;
    while number < calls {
        weather::deliveries(&world, &mut dice);
        for _ in 0..BATCHES {
            let batch: Vec<(u64, Wish)> = (0..CALLS_A_MINUTE / BATCHES)
                .map(|at| number + at)
                .filter(|number| *number < calls)
                .map(|number| (number, Wish::roll(&mut dice, number)))
                .collect();
            number += CALLS_A_MINUTE / BATCHES;
            for (_, wish) in &batch {
                weather::fault(&world, &mut dice, wish.provider).await;
            }
            let placed = batch.iter().map(|(number, wish)| place(&world, &tenants, *wish, *number));
            let placed: Vec<Option<CallId>> = stream::iter(placed).buffer_unordered(4).collect().await;
            watch.follow(placed);
            world.advance(Duration::from_millis(dice.below(7_000))).await;
        }
        to_next_minute(&world).await;
        books.read(&world);
        watch.look(&world).await;
    }
    let placed_in = begun.elapsed();
    weather::clears(&world).await;
    let until = watch.last_deadline().plus(AFTERMATH);
    while world.now() < until {
        to_next_minute(&world).await;
        books.read(&world);
        watch.look(&world).await;
    }
    let to_the_end = calls > USUAL_CALLS;
    let until = watch.last_deadline().plus(LONGEST);
    while to_the_end && world.now() < until {
        world.advance(NOW_AND_THEN).await;
        books.read(&world);
        watch.look_at_calls(&world).await;
    }

    watch.nothing_is_left(&world, to_the_end).await;
    for tenant in &tenants {
        let of_tenant = watch.calls().into_iter().filter(|call| call.tenant == tenant.id);
        // A call that came back to life may be beyond the limit.
        let slots = of_tenant.filter_map(|call| call.slot.as_ref()).filter(|slot| slot.number.is_some());
        let held =
            slots.inspect(|slot| assert!(slot.lease_until > world.now(), "a live call has lost its slot")).count();
        let free = world.world.store().call_slots_free(&tenant.id, SLOTS).await.unwrap();
        assert_eq!(usize::try_from(SLOTS).unwrap(), free + held, "{} has lost slots", tenant.id);
    }
    let dials = books.nobody_was_dialled_twice(&world, watch.calls()).await;
    let ids: Vec<&TenantId> = tenants.iter().map(|tenant| &tenant.id).collect();
    let prevented = books.what_was_prevented(&world, watch.calls(), &ids).await;
    tell(&format!(
        "storm {seed}: {calls} calls asked for, {} written down, {dials} dialled; {}; {prevented} ghost seconds prevented; \
         the providers were asked {:?}; placed in {:.1} s, all in {:.1} s",
        watch.calls().len(),
        watch.summary(),
        books.asked(),
        placed_in.as_secs_f64(),
        begun.elapsed().as_secs_f64()
    ));
}

async fn to_next_minute(world: &TestWorld) {
    let millis = world.now().epoch_millis();
    let left = 60_000 - millis.rem_euclid(60_000);
    world.advance(Duration::from_millis(u64::try_from(left).unwrap()).min(MINUTE)).await;
}
