//! The table as it is, row by row: for what no answer shows, and to find that nothing was written.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};
use switchboard_dev::world::TABLE;

use crate::harness::TestWorld;

/// What requests are counted in. Every request leaves a trace there, a refused one too.
const COUNTS: [&str; 3] = ["RATE#", "UPSTREAM#", "IDEMPOTENCY#"];

/// Every row by its key.
pub(crate) async fn rows(world: &TestWorld) -> BTreeMap<String, Value> {
    let boot = world.boot("session");
    let client = boot.dynamodb(&world.aws(&boot));
    let found = client.scan().table_name(TABLE).consistent_read(true).into_paginator().items().send();
    let found: Vec<_> = found.collect::<Result<_, _>>().await.unwrap();
    found
        .into_iter()
        .map(|row| {
            let row: Map<String, Value> = row.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
            let key = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            (format!("{} {}", key("pk"), key("sk")), Value::Object(row))
        })
        .collect()
}

/// Every row whose key begins so.
pub(crate) async fn rows_of(world: &TestWorld, prefix: &str) -> Vec<Value> {
    rows(world).await.into_iter().filter(|(key, _)| key.starts_with(prefix)).map(|(_, row)| row).collect()
}

/// Every row but those that count requests.
pub(crate) async fn rows_that_matter(world: &TestWorld) -> BTreeMap<String, Value> {
    let all = rows(world).await.into_iter();
    all.filter(|(key, _)| COUNTS.iter().all(|prefix| !key.starts_with(prefix))).collect()
}

fn plain(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => number.parse().map_or_else(|_| json!(number), |number: i64| json!(number)),
        AttributeValue::Bool(flag) => json!(flag),
        AttributeValue::M(map) => map.iter().map(|(name, value)| (name.clone(), plain(value))).collect(),
        AttributeValue::Null(_) => Value::Null,
        other => json!(format!("{other:?}")),
    }
}
