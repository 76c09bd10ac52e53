//! The providers that hold calls, together: what a function composes that places, ends, watches or settles calls.

use std::sync::Arc;

use switchboard_core::{Clock, ProviderId, SecretSource, Settings};

use crate::hamsa::{Hamsa, HamsaConfig};
use crate::omnidimension::{Omnidimension, OmnidimensionConfig};
use crate::openai::{Openai, OpenaiConfig};
use crate::twilio::{Twilio, TwilioConfig};
use crate::{HttpClient, Provider};

/// What an installation configures about the providers that hold calls.
#[derive(Clone, Debug)]
pub struct FleetConfig {
    /// Hamsa.
    pub hamsa: HamsaConfig,
    /// OmniDimension.
    pub omnidimension: OmnidimensionConfig,
    /// Twilio.
    pub twilio: TwilioConfig,
    /// OpenAI.
    pub openai: OpenaiConfig,
}

/// The providers that hold calls.
#[derive(Clone, Debug)]
pub struct Fleet {
    hamsa: Hamsa,
    omnidimension: Omnidimension,
    twilio: Twilio,
    openai: Openai,
}

impl FleetConfig {
    /// Reads every provider's settings.
    pub fn read(settings: &mut impl Settings) -> Self {
        Self {
            hamsa: HamsaConfig::read(settings),
            omnidimension: OmnidimensionConfig::read(settings),
            twilio: TwilioConfig::read(settings),
            openai: OpenaiConfig::read(settings),
        }
    }
}

impl Fleet {
    /// The providers in the order in which one is chosen where a caller leaves that to us.
    pub const ORDER: [ProviderId; 3] = [ProviderId::Hamsa, ProviderId::Omnidimension, ProviderId::Twilio];

    /// Clients of all of them. Nothing is fetched or connected until the first request.
    #[must_use]
    pub fn new(
        config: FleetConfig,
        secrets: &Arc<dyn SecretSource>,
        clock: &Arc<dyn Clock>,
        http: &HttpClient,
    ) -> Self {
        let with = || (Arc::clone(secrets), Arc::clone(clock), Arc::clone(http));
        let (secrets, clock, http) = with();
        let hamsa = Hamsa::new(config.hamsa, secrets, clock, http);
        let (secrets, clock, http) = with();
        let omnidimension = Omnidimension::new(config.omnidimension, secrets, clock, http);
        let (secrets, clock, http) = with();
        let twilio = Twilio::new(config.twilio, secrets, clock, http);
        let (secrets, clock, http) = with();
        Self { hamsa, omnidimension, twilio, openai: Openai::new(config.openai, secrets, clock, http) }
    }

    /// A provider that may hold calls.
    #[must_use]
    pub fn get(&self, id: ProviderId) -> Option<&dyn Provider> {
        match id {
            ProviderId::Hamsa => Some(&self.hamsa),
            ProviderId::Omnidimension => Some(&self.omnidimension),
            ProviderId::Twilio => Some(&self.twilio),
            ProviderId::Openai => Some(&self.openai),
            ProviderId::Omi => None,
        }
    }

    /// Hamsa.
    #[must_use]
    pub fn hamsa(&self) -> &Hamsa {
        &self.hamsa
    }

    /// OmniDimension.
    #[must_use]
    pub fn omnidimension(&self) -> &Omnidimension {
        &self.omnidimension
    }

    /// OpenAI, which holds calls of browsers and calls that come in; it places none.
    #[must_use]
    pub fn openai(&self) -> &Openai {
        &self.openai
    }

    /// Twilio: a provider of its own, and the carrier beneath the others where they run over its numbers.
    #[must_use]
    pub fn twilio(&self) -> &Twilio {
        &self.twilio
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Given, Kept, Still, http};

    #[test]
    fn every_provider_that_holds_calls_answers_to_its_own_name() {
        let names = ["HAMSA", "OMNIDIMENSION", "TWILIO", "OPENAI"];
        let settings: Vec<_> = names
            .iter()
            .flat_map(|name| {
                [(format!("{name}_BASE_URL"), "https://example.com"), (format!("{name}_SECRET_NAME"), "s")]
            })
            .collect();
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let mut given = Given::new(&settings);
        let config = FleetConfig::read(&mut given);
        assert!(given.wrong.is_empty(), "{:?}", given.wrong);
        let (secrets, clock): (Arc<dyn SecretSource>, Arc<dyn Clock>) =
            (Arc::new(Kept::key("k", "v")), Arc::new(Still));
        let fleet = Fleet::new(config, &secrets, &clock, &http());
        for id in ProviderId::ALL {
            let found = fleet.get(id).map(Provider::id);
            assert_eq!(found, (id != ProviderId::Omi).then_some(id));
            // Who can be chosen for a caller must be able to place calls.
            assert!(!Fleet::ORDER.contains(&id) || fleet.get(id).is_some_and(|provider| provider.calls().is_some()));
        }
    }
}
