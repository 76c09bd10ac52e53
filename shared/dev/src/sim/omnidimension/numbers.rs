//! The phone numbers of the simulated OmniDimension account: its own, and those imported from Twilio.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::credentials::{OMNIDIMENSION_TWILIO_NUMBER_ID, TWILIO_NUMBERS};
use crate::ledger::{Ledger, LedgerError};
use crate::sim::twilio;

const KIND: &str = "sim-omnidimension-number";

/// The number that agents call from unless told otherwise, and its id.
const POOL_NUMBER: &str = "+14155550123";
const POOL_NUMBER_ID: u64 = OMNIDIMENSION_TWILIO_NUMBER_ID + 1;

/// A number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Number {
    pub(super) id: u64,
    pub(super) phone_number: String,
    active_bot_id: Option<u64>,
    number_provider: String,
}

impl Number {
    /// Whether Twilio carries its calls, on the customer's account.
    pub(super) fn is_twilios(&self) -> bool {
        self.number_provider == "twilio" && twilio::owns(&self.phone_number)
    }

    /// As the API shows it; what is missing is `false`.
    pub(super) fn shown(&self) -> Value {
        json!({"id": self.id, "phone_number": self.phone_number, "name": self.phone_number,
            "active_bot_id": self.active_bot_id.map_or(Value::Bool(false), Value::from),
            "number_provider": self.number_provider})
    }
}

/// The numbers in the ledger.
#[derive(Debug)]
pub(super) struct Numbers {
    ledger: Ledger,
    /// Held from reading a number to writing it back.
    writing: Mutex<()>,
}

impl Numbers {
    /// The account's numbers; two are there from the beginning.
    pub(super) fn open(ledger: Ledger) -> Result<Self, LedgerError> {
        let numbers = Self { ledger, writing: Mutex::default() };
        if numbers.all()?.is_empty() {
            let imported = TWILIO_NUMBERS.first().map(|number| (OMNIDIMENSION_TWILIO_NUMBER_ID, *number, "twilio"));
            for (id, number, provider) in imported.into_iter().chain([(POOL_NUMBER_ID, POOL_NUMBER, "telnyx")]) {
                numbers.put(&made(id, number, provider))?;
            }
        }
        Ok(numbers)
    }

    pub(super) fn all(&self) -> Result<Vec<Number>, LedgerError> {
        let rows = self.ledger.list(KIND)?.into_iter();
        Ok(rows.filter_map(|(_, row)| serde_json::from_value(row).ok()).collect())
    }

    pub(super) fn find(&self, id: u64) -> Result<Option<Number>, LedgerError> {
        Ok(self.all()?.into_iter().find(|number| number.id == id))
    }

    /// The number that an agent calls from: the one it is attached to, or the account's.
    pub(super) fn of_agent(&self, agent_id: u64) -> Result<Number, LedgerError> {
        let attached = self.all()?.into_iter().find(|number| number.active_bot_id == Some(agent_id));
        Ok(attached.unwrap_or_else(|| made(POOL_NUMBER_ID, POOL_NUMBER, "telnyx")))
    }

    /// Attaches a number to an agent, or to none.
    pub(super) fn attach(&self, id: u64, agent_id: Option<u64>) -> Result<(), Refusal> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut number = self.find(id)?.ok_or(Refusal::NotFound("Phone number"))?;
        number.active_bot_id = agent_id;
        Ok(self.put(&number)?)
    }

    /// Imports a number of the customer's at Twilio.
    pub(super) fn import(&self, body: &Map<String, Value>) -> Result<Number, Refusal> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(number), Some(_), Some(_)) = (text("phone_number"), text("account_sid"), text("account_token"))
        else {
            return Err(Refusal::invalid("phone_number, account_sid and account_token are required"));
        };
        if !twilio::owns(number) {
            return Err(Refusal::invalid("The number does not belong to this Twilio account"));
        }
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all()?;
        if let Some(known) = all.iter().find(|known| known.phone_number == number) {
            return Ok(known.clone());
        }
        let imported = made(all.iter().map(|known| known.id).max().unwrap_or_default() + 1, number, "twilio");
        self.put(&imported)?;
        Ok(imported)
    }

    fn put(&self, number: &Number) -> Result<(), LedgerError> {
        self.ledger.put(KIND, &format!("{:020}", number.id), &serde_json::to_value(number).unwrap_or_default())
    }
}

fn made(id: u64, number: &str, provider: &str) -> Number {
    Number { id, phone_number: number.to_owned(), active_bot_id: None, number_provider: provider.to_owned() }
}
