//! The local world's own memory: what its stand-ins and simulators must still know after a restart.
//!
//! Rows lie in a table of their own in the same emulator file as the product's, which the product never reads. Values
//! are JSON; this file does not know what they mean.

use std::collections::HashMap;
use std::fmt;

use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::query::QueryRequest;
use dynoxide::types::{AttributeDefinition, KeySchemaElement, KeyType, ScalarAttributeType};
use dynoxide::{AttributeValue, Database, DynoxideError};
use serde_json::Value;

/// The table that holds the rows: `pk` = kind, `sk` = id, `value` = JSON.
pub const LEDGER_TABLE: &str = "switchboard-local";

/// A small key-value store that lives as long as the emulator's database does. Clones are cheap and share it.
#[derive(Clone)]
pub struct Ledger {
    db: Database,
}

/// Why a row could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The emulator's database refused the operation.
    #[error("cannot {operation} {kind}/{id} in the local ledger")]
    Database {
        /// What was tried.
        operation: &'static str,
        /// The row's kind.
        kind: String,
        /// The row's id; empty where the operation is about all rows of the kind.
        id: String,
        /// What the database said; boxed because it can carry whole items.
        source: Box<DynoxideError>,
    },
    /// A row does not hold JSON: something else wrote into the table.
    #[error("{kind}/{id} in the local ledger is not JSON; delete the data directory to start afresh")]
    NotJson {
        /// The row's kind.
        kind: String,
        /// The row's id.
        id: String,
        /// What the parser said.
        source: serde_json::Error,
    },
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("table", &LEDGER_TABLE).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens the ledger in `db`, making its table if this is the first time.
    ///
    /// # Errors
    ///
    /// The table can neither be found nor made.
    pub fn open(db: Database) -> Result<Self, LedgerError> {
        let created = db.create_table(CreateTableRequest {
            table_name: LEDGER_TABLE.to_owned(),
            key_schema: vec![key("pk", KeyType::HASH), key("sk", KeyType::RANGE)],
            attribute_definitions: vec![text_attribute("pk"), text_attribute("sk")],
            billing_mode: Some("PAY_PER_REQUEST".to_owned()),
            ..CreateTableRequest::default()
        });
        match created {
            Ok(_) | Err(DynoxideError::ResourceInUseException(_)) => Ok(Self { db }),
            Err(source) => Err(failed("create the table of", LEDGER_TABLE, "", source)),
        }
    }

    /// Keeps `value` under `kind` and `id`, in place of what was there.
    ///
    /// # Errors
    ///
    /// The database refuses the write: `kind` or `id` is empty, or the value is larger than 400 KB.
    pub fn put(&self, kind: &str, id: &str, value: &Value) -> Result<(), LedgerError> {
        let mut item = row_key(kind, id);
        item.insert("value".to_owned(), AttributeValue::S(value.to_string()));
        let request = PutItemRequest { table_name: LEDGER_TABLE.to_owned(), item, ..PutItemRequest::default() };
        self.db.put_item(request).map_err(|source| failed("put", kind, id, source))?;
        Ok(())
    }

    /// The value kept under `kind` and `id`.
    ///
    /// # Errors
    ///
    /// The database refuses the read, or the row is not JSON.
    pub fn get(&self, kind: &str, id: &str) -> Result<Option<Value>, LedgerError> {
        let request = GetItemRequest {
            table_name: LEDGER_TABLE.to_owned(),
            key: row_key(kind, id),
            consistent_read: Some(true),
            ..GetItemRequest::default()
        };
        let found = self.db.get_item(request).map_err(|source| failed("get", kind, id, source))?;
        found.item.map(|item| value_of(kind, id, &item)).transpose()
    }

    /// Forgets the value under `kind` and `id`; nothing happens where there is none.
    ///
    /// # Errors
    ///
    /// The database refuses the write.
    pub fn delete(&self, kind: &str, id: &str) -> Result<(), LedgerError> {
        let request = DeleteItemRequest {
            table_name: LEDGER_TABLE.to_owned(),
            key: row_key(kind, id),
            ..DeleteItemRequest::default()
        };
        self.db.delete_item(request).map_err(|source| failed("delete", kind, id, source))?;
        Ok(())
    }

    /// All rows of a kind as (id, value), in the order of their ids' bytes.
    ///
    /// # Errors
    ///
    /// The database refuses the read, or a row is not JSON.
    pub fn list(&self, kind: &str) -> Result<Vec<(String, Value)>, LedgerError> {
        let mut rows = Vec::new();
        let mut start = None;
        loop {
            let request = QueryRequest {
                table_name: LEDGER_TABLE.to_owned(),
                key_condition_expression: Some("pk = :kind".to_owned()),
                expression_attribute_values: Some(HashMap::from([(
                    ":kind".to_owned(),
                    AttributeValue::S(kind.to_owned()),
                )])),
                scan_index_forward: true,
                consistent_read: Some(true),
                exclusive_start_key: start,
                ..QueryRequest::default()
            };
            let page = self.db.query(request).map_err(|source| failed("list", kind, "", source))?;
            for item in page.items.unwrap_or_default() {
                let id = text_of(&item, "sk").to_owned();
                let value = value_of(kind, &id, &item)?;
                rows.push((id, value));
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(rows);
            }
        }
    }
}

fn key(name: &str, key_type: KeyType) -> KeySchemaElement {
    KeySchemaElement { attribute_name: name.to_owned(), key_type }
}

fn text_attribute(name: &str) -> AttributeDefinition {
    AttributeDefinition { attribute_name: name.to_owned(), attribute_type: ScalarAttributeType::S }
}

fn row_key(kind: &str, id: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([
        ("pk".to_owned(), AttributeValue::S(kind.to_owned())),
        ("sk".to_owned(), AttributeValue::S(id.to_owned())),
    ])
}

fn text_of<'a>(item: &'a HashMap<String, AttributeValue>, name: &str) -> &'a str {
    match item.get(name) {
        Some(AttributeValue::S(text)) => text,
        _ => "",
    }
}

fn value_of(kind: &str, id: &str, item: &HashMap<String, AttributeValue>) -> Result<Value, LedgerError> {
    serde_json::from_str(text_of(item, "value")).map_err(|source| LedgerError::NotJson {
        kind: kind.to_owned(),
        id: id.to_owned(),
        source,
    })
}

fn failed(operation: &'static str, kind: &str, id: &str, source: DynoxideError) -> LedgerError {
    LedgerError::Database { operation, kind: kind.to_owned(), id: id.to_owned(), source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_is_read_back_until_it_is_replaced_or_deleted() {
        let ledger = Ledger::open(Database::memory().unwrap()).unwrap();
        assert_eq!(ledger.get("line", "a").unwrap(), None);
        ledger.put("line", "a", &json!({"up": true})).unwrap();
        ledger.put("line", "a", &json!({"up": false, "seconds": 20.5})).unwrap();
        assert_eq!(ledger.get("line", "a").unwrap(), Some(json!({"up": false, "seconds": 20.5})));
        ledger.delete("line", "a").unwrap();
        ledger.delete("line", "a").unwrap();
        assert_eq!(ledger.get("line", "a").unwrap(), None);
    }

    #[test]
    fn a_list_holds_every_row_of_its_kind_in_order_even_past_one_page() {
        let ledger = Ledger::open(Database::memory().unwrap()).unwrap();
        // A page of a query ends at 1 MB; these are three.
        let large = json!("x".repeat(300_000));
        for id in (0..10).rev() {
            ledger.put("delivery", &format!("{id:02}"), &large).unwrap();
        }
        ledger.put("line", "other", &json!(1)).unwrap();
        let ids: Vec<String> = ledger.list("delivery").unwrap().into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, (0..10).map(|id| format!("{id:02}")).collect::<Vec<_>>());
        assert_eq!(ledger.list("nothing").unwrap(), vec![]);
    }

    #[test]
    fn rows_survive_the_closing_of_the_database_and_opening_twice_is_no_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("dynamodb.sqlite");
        let path = path.to_str().unwrap();
        Ledger::open(Database::new(path).unwrap()).unwrap().put("clock", "offset", &json!(90)).unwrap();
        let again = Ledger::open(Database::new(path).unwrap()).unwrap();
        assert_eq!(again.get("clock", "offset").unwrap(), Some(json!(90)));
    }

    #[test]
    fn a_write_that_the_database_refuses_names_the_row() {
        let ledger = Ledger::open(Database::memory().unwrap()).unwrap();
        let refused = ledger.put("line", "big", &json!("x".repeat(500_000))).unwrap_err();
        assert_eq!(refused.to_string(), "cannot put line/big in the local ledger");
    }
}
