//! Items: between rows, which are plain structs, and DynamoDB's attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use switchboard_core::Timestamp;

use crate::StoreError;
use crate::schema::Key;

/// An item as DynamoDB gives and takes it.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A row with its key as an item.
pub(crate) fn to_item<R: Serialize>(operation: &'static str, key: &Key, row: &R) -> Result<Item, StoreError> {
    let mut item: Item = serde_dynamo::to_item(row).map_err(|error| unreadable(operation, &error))?;
    // Absent is one thing, not two: an `Option` that is `None` is left out rather than stored as NULL.
    item.retain(|_, value| !value.is_null());
    item.extend(key.attributes());
    Ok(item)
}

/// A row from an item.
pub(crate) fn from_item<R: DeserializeOwned>(operation: &'static str, item: Item) -> Result<R, StoreError> {
    serde_dynamo::from_item(item).map_err(|error| unreadable(operation, &error))
}

/// A value as an attribute, for expressions.
pub(crate) fn text(value: impl ToString) -> AttributeValue {
    AttributeValue::S(value.to_string())
}

/// A number as an attribute, for expressions.
pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A time as an attribute: milliseconds since the Unix epoch.
pub(crate) fn time(value: Timestamp) -> AttributeValue {
    number(value.epoch_millis())
}

fn unreadable(operation: &'static str, error: &serde_dynamo::Error) -> StoreError {
    StoreError::Unreadable { operation, what: error.to_string() }
}

/// Times in rows: numbers, milliseconds since the Unix epoch, so that conditions can compare them.
pub(crate) mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use switchboard_core::Timestamp;

    pub(crate) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.epoch_millis())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_epoch_millis)
    }

    /// The same for times that may be absent.
    pub(crate) mod optional {
        use serde::{Deserialize, Deserializer, Serializer};
        use switchboard_core::Timestamp;

        pub(crate) fn serialize<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => serializer.serialize_i64(at.epoch_millis()),
                None => serializer.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
            Ok(Option::<i64>::deserialize(deserializer)?.map(Timestamp::from_epoch_millis))
        }
    }
}
