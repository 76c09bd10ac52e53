//! What goes wrong at the providers and with their webhooks.

use std::time::Duration;

use switchboard_core::ProviderId;
use switchboard_dev::sim::deliveries::{DeliverySettings, Extent};
use switchboard_dev::sim::faults::{Effect, Fault};
use switchboard_dev::sim::provider::{Operation, Provider};

use super::dice::Dice;
use crate::harness::TestWorld;

/// How many of a hundred calls have something armed against their provider.
const FAULTS_IN_A_HUNDRED: u64 = 30;

/// What can go wrong that takes no time on the wall: a provider that hangs is to its caller what one is whose answer is lost.
const EFFECTS: [Effect; 9] = [
    Effect::Status(500),
    Effect::Status(503),
    Effect::Status(429),
    Effect::Status(404),
    Effect::ResetAfterSend,
    Effect::ResetAfterSend,
    Effect::Garbage,
    Effect::LieOk,
    Effect::Refuse,
];

/// The simulated side of a provider.
pub(super) fn simulated(provider: ProviderId) -> Provider {
    match provider {
        ProviderId::Hamsa => Provider::Hamsa,
        ProviderId::Omnidimension => Provider::Omnidimension,
        ProviderId::Twilio => Provider::Twilio,
        ProviderId::Omi => Provider::Omi,
        ProviderId::Openai => Provider::Openai,
    }
}

/// Arms a fault, or does not.
pub(super) async fn fault(world: &TestWorld, dice: &mut Dice, provider: ProviderId) {
    if !dice.chance(FAULTS_IN_A_HUNDRED) {
        return;
    }
    let operation = dice.pick(&[Operation::Place, Operation::Place, Operation::End, Operation::Get, Operation::List]);
    let effect = match (operation, dice.pick(&EFFECTS)) {
        // A search that finds nothing where there is something is no failure of the provider that anybody could survive.
        (Operation::List, Effect::LieOk) => Effect::Garbage,
        (_, effect) => effect,
    };
    let times = u32::try_from(1 + dice.below(3)).unwrap();
    let faults = world.world.simulators().faults();
    faults.arm(Fault { provider: simulated(provider), operation: Some(operation), effect, times });
    assert!(faults.settled().await);
}

/// The minute's webhooks.
pub(super) fn deliveries(world: &TestWorld, dice: &mut Dice) {
    let extent = |dice: &mut Dice, percent: u64| {
        if dice.chance(percent) { Extent::Next(u32::try_from(dice.below(30)).unwrap()) } else { Extent::None }
    };
    let settings = DeliverySettings {
        reorder: extent(dice, 50),
        duplicate: extent(dice, 50),
        drop: extent(dice, 40),
        delay: Duration::from_secs(if dice.chance(30) { dice.below(120) } else { 0 }),
    };
    world.world.simulators().deliveries().set(settings);
}

/// Everything works again.
pub(super) async fn clears(world: &TestWorld) {
    let faults = world.world.simulators().faults();
    faults.clear();
    assert!(faults.settled().await);
    world.world.simulators().deliveries().set(DeliverySettings::default());
}
