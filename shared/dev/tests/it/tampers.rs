//! Who is believed, however a delivery travels: every sender, as an API or a function's own URL makes an event of it, as base64 or
//! text, header names in any case, queries in any spelling, with each version of its secret. And what is changed in one place is
//! refused for the reason that is true.

pub(crate) mod capability;
mod capability_causes;
mod openai;
mod rotation;
pub(crate) mod twilio;
mod twilio_causes;

use serde_json::{Value, json};
use switchboard_dev::functions;
use switchboard_dev::gateway::Function;

use crate::harness::{Answer, TestWorld};
use crate::invoke::{Sent, Travel};

/// A world and its function `webhook`, called with events made by hand.
struct Post {
    world: TestWorld,
    webhook: Function,
}

impl Post {
    async fn open() -> Self {
        let world = TestWorld::start().await;
        let webhook = functions::compose("webhook", &world.boot("webhook")).unwrap().unwrap();
        Self { world, webhook }
    }

    async fn deliver(&self, sent: &Sent, travel: Travel) -> Answer {
        sent.to(&self.webhook, travel, &self.world).await
    }

    async fn believed(&self, sent: &Sent, travel: Travel) {
        let answer = self.deliver(sent, travel).await;
        if answer.status != 200 {
            let cause = if answer.status == 401 { self.cause(&answer).await } else { String::new() };
            panic!("{} {cause}: {travel:?} {sent:?}", answer.status);
        }
        assert_eq!(answer.json["received"], true);
    }

    /// It is refused without a word, and the operator is told this cause.
    async fn refused(&self, sent: &Sent, travel: Travel, cause: &str) {
        let answer = self.deliver(sent, travel).await;
        assert_eq!(answer.status, 401, "expected {cause}: {travel:?} {sent:?}");
        assert!(answer.body.is_empty());
        assert_eq!(self.cause(&answer).await, cause, "{travel:?} {sent:?}");
    }

    async fn cause(&self, answer: &Answer) -> String {
        let asked = json!({"requestId": answer.header("x-request-id").unwrap()});
        let explained = self.world.as_local().post("/api/webhooks/explain", &asked).await;
        explained.expect(200);
        assert!(explained.text("/explanation").len() > 20, "it says what to do");
        explained.text("/cause")
    }

    /// Makes another version of a secret the current one.
    async fn rotate(&self, name: &str, value: &Value) {
        let boot = self.world.boot("webhook");
        let put = boot.secrets_manager(&self.world.aws(&boot)).put_secret_value();
        put.secret_id(name).secret_string(value.to_string()).send().await.unwrap();
    }
}
