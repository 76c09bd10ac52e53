//! The table: its keys, its definition, and what each operation costs.
//!
//! One table, `pk` and `sk`, a TTL attribute, two indexes. Every key is built here and nowhere else.
//!
//! | item | `pk` | `sk` | kept for |
//! |---|---|---|---|
//! | session | `SESSION#<sessionId>` | `SESSION` | 30 days after its timeout |
//! | turn | `SESSION#<sessionId>` | `TURN#<turnId>#<0 user, 1 agent>` | as its session |
//! | slot | `SLOTS#<tenant>#session` | `SLOT#<nnnn>` | a day after its lease |
//! | upload ticket | `UPLOAD#<uploadId>` | `UPLOAD` | a day after it expires |
//! | first answer | `IDEMPOTENCY#<sha256 of scope and key>` | `IDEMPOTENCY` | 24 h |
//! | API key | `KEY#<id>` | `KEY` | for good |
//! | rate window | `RATE#<principal>#<class>#<window start>` | `RATE` | an hour after its window |
//! | upstream window | `UPSTREAM#<provider>#<minute>` | `SHARD#<n>` | an hour |
//! | webhook delivery | `DELIVERY#<sender>#<replay key>` | `DELIVERY` | 30 days |
//! | rejected delivery | `REJECTED#<requestId>` | `REJECTED` | 7 days |
//! | rejection count | `REJECTIONS#<sender>#<hour>` | `COUNT` | 7 days |
//!
//! `gsi1` lists by owner and time: today the API keys of the installation (`KEYS`, by id). `gsi2` is sparse and holds due
//! work in a fixed number of shards; nothing is due yet that a request does not do itself.
//!
//! What an operation costs, in requests to the table (a transaction counts as one):
//!
//! | operation | requests |
//! |---|---|
//! | any request with an API key, at most once a minute per key and process | 1 get |
//! | any rate-limited request | 1 update |
//! | a POST with `Idempotency-Key` | 1 put, 1 update |
//! | any request to a provider | 1 update (upstream window); up to 4 when the minute's budget is nearly spent |
//! | open a session | 1 query (slots), 1 transaction (session, slot), 1 transaction (session, slot) once the provider agrees |
//! | read a session | 1 get, 1 query |
//! | a turn | 1 get, 1 transaction (session, slot, two turns) |
//! | a turn with an upload | as above and 1 update (ticket) |
//! | change a context | 1 get, 1 update |
//! | end a session | 1 get, 1 transaction (session, slot), 1 update once the provider agrees |
//! | a webhook delivery | at most 1 get, 1 transaction (delivery, session, slot) |
//! | a rejected delivery | 1 update, and 1 put where it is sampled |
//! | make a webhook URL; rotate, revoke one | 1 transaction (hook); 1 get and 1 update, 1 update |
//! | a page of webhook URLs | 1 query |
//! | a page of agents | 1 batch of gets (claims) for each hundred |
//! | read, change an agent | 1 get (claim) |
//! | make an agent | 1 transaction (hook), 1 put (claim) |
//! | remove an agent | 1 get, 2 deletes (claim, configured agent), 1 update (hook) |
//! | the configured agent | 1 get; when it is made: 2 gets, 1 put, 1 update beside what making one costs |
//! | open a realtime call | 2 queries (slots of tenant and person), 3 transactions (call, slots and minutes; the fence; the bind) |
//! | renew its lease; end it | 1 get, 1 transaction (call, minutes); 1 get, 2 transactions (asked for; over) |
//! | the words of a realtime call | 1 get, 1 query where some are kept, 1 transaction |
//! | the same for a page's session token | 1 get (session) more to open and to renew |
//! | a raw realtime credential | 1 update, 1 more where it was certainly not made |
//! | open a chat session; cancel one | 1 put; 1 get |
//! | credits | 1 query per provider that does not answer, 1 more per provider with `history` |

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, TimeToLiveSpecification,
};
use aws_sdk_dynamodb::{Client, error::BuildError};
use sha2::{Digest, Sha256};
use switchboard_core::{ProviderId, Role, SessionId, TenantId, Timestamp, TurnId, UploadId};

use crate::slots::{SlotPlace, SlotPool};

mod calls;
mod operations;

/// The attribute by which DynamoDB removes items some time after it has passed (Unix seconds). Advisory only: every read
/// compares with the clock.
pub const TTL_ATTRIBUTE: &str = "ttl";
/// The index that lists by owner and time.
pub const GSI1: &str = "gsi1";
/// The index of due work.
pub const GSI2: &str = "gsi2";

pub(crate) use calls::{
    CALL_SHARDS, DUE_SHARDS, ENTRY_PREFIX, WAITING_PREFIX, alarm_list, call_list, due_shard, figure_shard,
    figures_partition, list_place, open_legs,
};

pub(crate) use operations::{balances, hooks_of, hour_of};

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The partition.
    pub pk: String,
    /// The place in the partition.
    pub sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self { pk: pk.into(), sk: sk.into() }
    }

    /// A session's row.
    #[must_use]
    pub fn session(id: SessionId) -> Self {
        Self::new(format!("SESSION#{id}"), "SESSION")
    }

    /// One utterance of a turn; the person's sorts before the agent's.
    #[must_use]
    pub fn turn(session: SessionId, turn: TurnId, role: Role) -> Self {
        let order = match role {
            Role::User => 0,
            Role::Agent => 1,
        };
        Self::new(format!("SESSION#{session}"), format!("{TURN_PREFIX}{turn}#{order}"))
    }

    /// One of the slots of a pool.
    #[must_use]
    pub(crate) fn slot(pool: SlotPool<'_>, place: SlotPlace<'_>) -> Self {
        let place = match place {
            SlotPlace::Numbered(number) => format!("SLOT#{number:04}"),
            SlotPlace::Beyond(holder) => format!("SLOT#beyond#{holder}"),
        };
        Self::new(pool.partition(), place)
    }

    /// An upload ticket.
    #[must_use]
    pub fn upload(id: UploadId) -> Self {
        Self::new(format!("UPLOAD#{id}"), "UPLOAD")
    }

    /// A first answer. The parts are hashed, so that a key of 255 characters fits and none can imitate another's scope.
    #[must_use]
    pub fn idempotency(tenant: &TenantId, principal: &str, route: &str, key: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [tenant.as_str(), principal, route, key] {
            hash.update(part.len().to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self::new(format!("IDEMPOTENCY#{}", hex(&hash.finalize())), "IDEMPOTENCY")
    }

    /// An API key's row.
    #[must_use]
    pub fn api_key(id: &str) -> Self {
        Self::new(format!("KEY#{id}"), "KEY")
    }

    /// The count of one principal's requests of one class in one window.
    #[must_use]
    pub fn rate(principal: &str, class: &str, window_start: Timestamp) -> Self {
        Self::new(format!("RATE#{principal}#{class}#{}", window_start.epoch_millis()), "RATE")
    }

    /// One shard of the count of requests sent to a provider in one minute.
    #[must_use]
    pub fn upstream(provider: ProviderId, minute: i64, shard: u32) -> Self {
        Self::new(format!("UPSTREAM#{provider}#{minute}"), format!("SHARD#{shard}"))
    }

    /// A webhook delivery, by what makes a second one a repetition.
    #[must_use]
    pub fn delivery(sender: &str, replay_key: &str) -> Self {
        // A replay key is the sender's text; hashing keeps it from being too long or from imitating another key.
        let digest = Sha256::digest(replay_key.as_bytes());
        Self::new(format!("DELIVERY#{sender}#{}", hex(&digest)), "DELIVERY")
    }

    /// A rejected delivery.
    #[must_use]
    pub fn rejected(request_id: &str) -> Self {
        Self::new(format!("REJECTED#{request_id}"), "REJECTED")
    }

    /// How many deliveries of a sender were rejected in an hour.
    #[must_use]
    pub fn rejections(sender: &str, hour: i64) -> Self {
        Self::new(format!("REJECTIONS#{sender}#{hour}"), "COUNT")
    }
}

/// The partition of `gsi1` that lists every API key.
pub(crate) const API_KEYS: &str = "KEYS";

/// What the sort keys of turns begin with.
pub(crate) const TURN_PREFIX: &str = "TURN#";

impl SlotPool<'_> {
    /// The partition of its slots.
    pub(crate) fn partition(self) -> String {
        match self {
            Self::Sessions(tenant) => format!("SLOTS#{tenant}#session"),
            Self::Calls(tenant) => format!("SLOTS#{tenant}#call"),
            Self::Realtime(tenant) => format!("SLOTS#{tenant}#realtime"),
            Self::RealtimeUser(tenant, user) => format!("SLOTS#{tenant}#realtime#{user}"),
        }
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name and key attributes of an index.
pub const INDEXES: [(&str, &str, &str); 2] = [(GSI1, "gsi1pk", "gsi1sk"), (GSI2, "gsi2pk", "gsi2sk")];

/// Creates the table as `template.yaml` does, for places where CloudFormation is not at hand. Does nothing if it exists.
///
/// # Errors
/// What the SDK says.
pub async fn create_table(client: &Client, table: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for attribute in ["pk", "sk"].into_iter().chain(INDEXES.iter().flat_map(|(_, pk, sk)| [*pk, *sk])) {
        let definition =
            AttributeDefinition::builder().attribute_name(attribute).attribute_type(ScalarAttributeType::S).build()?;
        request = request.attribute_definitions(definition);
    }
    request = request.set_key_schema(Some(key_schema("pk", "sk")?));
    for (name, pk, sk) in INDEXES {
        let index = GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(key_schema(pk, sk)?))
            .projection(Projection::builder().projection_type(ProjectionType::All).build())
            .build()?;
        request = request.global_secondary_indexes(index);
    }
    match request.send().await {
        Ok(_) => {}
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception()) => {
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL_ATTRIBUTE).build()?;
    client.update_time_to_live().table_name(table).time_to_live_specification(ttl).send().await?;
    Ok(())
}

fn key_schema(pk: &str, sk: &str) -> Result<Vec<KeySchemaElement>, BuildError> {
    Ok(vec![
        KeySchemaElement::builder().attribute_name(pk).key_type(KeyType::Hash).build()?,
        KeySchemaElement::builder().attribute_name(sk).key_type(KeyType::Range).build()?,
    ])
}

impl Key {
    /// The key as DynamoDB's attributes.
    pub(crate) fn attributes(&self) -> std::collections::HashMap<String, AttributeValue> {
        [("pk", &self.pk), ("sk", &self.sk)]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), AttributeValue::S(value.clone())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_scopes_of_an_idempotency_key_share_an_item() {
        let acme = TenantId::parse("acme").unwrap();
        let other = TenantId::parse("acm").unwrap();
        let keys = [
            Key::idempotency(&acme, "key:a", "POST /x", "k"),
            Key::idempotency(&other, "ekey:a", "POST /x", "k"),
            Key::idempotency(&acme, "key:a", "POST /xk", ""),
            Key::idempotency(&acme, "key:b", "POST /x", "k"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(keys.iter().skip(at + 1).all(|other| other != key));
        }
    }

    #[test]
    fn the_two_utterances_of_a_turn_sort_person_first_and_turns_by_time() {
        let session = SessionId::generate(Timestamp::from_epoch_secs(1));
        let (first, second) =
            (TurnId::generate(Timestamp::from_epoch_secs(1)), TurnId::generate(Timestamp::from_epoch_secs(2)));
        let sorted = [
            Key::turn(session, first, Role::User).sk,
            Key::turn(session, first, Role::Agent).sk,
            Key::turn(session, second, Role::User).sk,
        ];
        assert!(sorted.is_sorted());
    }
}
