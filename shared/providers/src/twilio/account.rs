//! The account, its balance and its numbers (API reference, Account, Balance and IncomingPhoneNumber resources, read 2026-11).

use async_trait::async_trait;
use switchboard_core::{Currency, Money};

use super::Twilio;
use super::client::{ACCOUNT_READ, BALANCE, NUMBER_LIST, Outgoing};
use super::wire;
use crate::lenient::Field;
use crate::{Account, Agent, Agents, Balance, ExternalId, OwnedNumber, Page, ProviderError, ProviderErrorKind};

/// The account itself, behind its own path.
const ACCOUNT: &str = ".json";
/// The account's numbers, as many as a page of ours holds at most.
const NUMBERS: &str = "/IncomingPhoneNumbers.json?PageSize=100";

#[async_trait]
impl Account for Twilio {
    async fn reachable(&self) -> Result<(), ProviderError> {
        match self.send(ACCOUNT_READ, Outgoing::get(ACCOUNT)).await {
            Ok(_) => Ok(()),
            // Whoever refuses is there.
            Err(error) => match error.kind {
                ProviderErrorKind::Unauthorised(_)
                | ProviderErrorKind::NotFound(_)
                | ProviderErrorKind::Rejected(_)
                | ProviderErrorKind::Declined(_)
                | ProviderErrorKind::Busy(_) => Ok(()),
                ProviderErrorKind::NotConnected
                | ProviderErrorKind::Unreachable(_)
                | ProviderErrorKind::Timeout
                | ProviderErrorKind::Failed(_)
                | ProviderErrorKind::Unreadable(_)
                | ProviderErrorKind::NotConfigured(_) => Err(error),
            },
        }
    }

    async fn credentials_accepted(&self) -> Result<(), ProviderError> {
        self.send(ACCOUNT_READ, Outgoing::get(ACCOUNT)).await.map(drop)
    }

    async fn balance(&self) -> Result<Option<Balance>, ProviderError> {
        let balance = match self.send(BALANCE, Outgoing::get("/Balance.json")).await {
            Ok(answer) => answer,
            // A subaccount has no balance of its own.
            Err(error) if matches!(error.kind, ProviderErrorKind::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let unreadable = || self.transport.unreadable(BALANCE, "no `balance` and `currency`");
        let amount = wire::read_json(&balance.body).and_then(|balance| read_balance(Field::whole(&balance)));
        let amount = amount.ok_or_else(unreadable)?;
        // What a balance allows is Twilio's business; whether the account is suspended is the part that it tells.
        let account = self.send(ACCOUNT_READ, Outgoing::get(ACCOUNT)).await?;
        let account = wire::read_json(&account.body).unwrap_or_default();
        let can_place_calls = Field::whole(&account).at("status").text().map(|status| status == "active");
        Ok(Some(Balance { amount, estimated_minutes: None, can_place_calls }))
    }
}

fn read_balance(balance: Field<'_>) -> Option<Money> {
    balance.at("balance").money(Currency::parse(balance.at("currency").text()?)?)
}

/// Twilio has numbers, but no agents: who talks is the operator's TwiML.
#[async_trait]
impl Agents for Twilio {
    async fn list(&self, _page: u32) -> Result<Page<Agent>, ProviderError> {
        Ok(Page { items: Vec::new(), next: None })
    }

    async fn get(&self, _id: &ExternalId) -> Result<Option<Agent>, ProviderError> {
        Ok(None)
    }

    /// Twilio's pages are named by the page before them, so that the pages up to the wanted one are gone through.
    async fn numbers(&self, page: u32) -> Result<Page<OwnedNumber>, ProviderError> {
        /// The farthest page that is gone to: two thousand numbers.
        const MAX_PAGE: u32 = 20;
        const NAME: &str = "incoming_phone_numbers";
        let mut at = 1;
        let mut listed = self.list_page(NUMBER_LIST, Outgoing::get(NUMBERS), NAME).await?;
        while at < page {
            let Some(next) = listed.next.filter(|_| at < MAX_PAGE) else {
                return Ok(Page { items: Vec::new(), next: None });
            };
            listed = self.list_page(NUMBER_LIST, Outgoing::page(next), NAME).await?;
            at += 1;
        }
        let next = listed.next.map(|_| at + 1).filter(|next| *next <= MAX_PAGE);
        Ok(Page { items: listed.items.iter().filter_map(|number| read_number(Field::whole(number))).collect(), next })
    }
}

fn read_number(number: Field<'_>) -> Option<OwnedNumber> {
    Some(OwnedNumber {
        id: number.at("sid").id()?,
        number: number.at("phone_number").text()?.to_owned(),
        agent_id: None,
        carrier: Some("twilio".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_balance_is_read_with_its_currency_or_not_at_all() {
        for (balance, expected) in [
            (json!({"balance": "12.34", "currency": "USD"}), Some("12.34")),
            (json!({"balance": "-0.5", "currency": "EUR"}), Some("-0.50")),
            (json!({"balance": "12.34"}), None),
            (json!({"balance": 12.34, "currency": "USD"}), Some("12.34")),
            (json!({"balance": "", "currency": "USD"}), None),
        ] {
            let read = read_balance(Field::whole(&balance)).map(|money| money.amount().to_string());
            assert_eq!(read.as_deref(), expected, "{balance}");
        }
    }

    #[test]
    fn a_number_without_a_name_is_left_out() {
        let sid = "PN00000000000000000000000000000001";
        let number = json!({"sid": sid, "phone_number": "+15005550100", "voice_url": "https://example.com"});
        assert_eq!(read_number(Field::whole(&number)).unwrap().id.as_str(), sid);
        assert_eq!(read_number(Field::whole(&json!({"phone_number": "+15005550100"}))), None);
        assert_eq!(read_number(Field::whole(&json!({"sid": "../x", "phone_number": "+1"}))), None);
    }
}
