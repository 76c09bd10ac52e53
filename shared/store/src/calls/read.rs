//! What comes with a call: its timeline and its transcript.

use aws_sdk_dynamodb::types::Select;
use serde::Deserialize;
use switchboard_core::{CallId, Entry, SpokenTurn, Transcript};

use crate::item::text;
use crate::schema::{ENTRY_PREFIX, Key};
use crate::{Store, StoreError, item};

/// A page of a timeline.
#[derive(Clone, Debug)]
pub struct EntryPage {
    /// What was heard, in the order in which it was heard.
    pub entries: Vec<Entry>,
    /// The key after which the next page begins; `None` at the end.
    pub next: Option<String>,
}

#[derive(Deserialize)]
struct TurnsRow {
    turns: String,
}

/// The turns of a transcript as JSON, in parts of about `size` bytes, none of which cuts a turn.
pub(super) fn transcript_parts(
    operation: &'static str,
    transcript: &Transcript,
    size: usize,
) -> Result<Vec<String>, StoreError> {
    let mut parts = Vec::new();
    let mut part = String::new();
    for turn in transcript.turns() {
        let turn = serde_json::to_string(turn)
            .map_err(|error| StoreError::Unreadable { operation, what: error.to_string() })?;
        if !part.is_empty() && part.len() + turn.len() > size {
            parts.push(format!("[{part}]"));
            part.clear();
        }
        if !part.is_empty() {
            part.push(',');
        }
        part.push_str(&turn);
    }
    if !part.is_empty() {
        parts.push(format!("[{part}]"));
    }
    Ok(parts)
}

impl Store {
    /// A page of a call's timeline, at most `limit` entries after the one named `after`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_entries(&self, call: CallId, after: Option<&str>, limit: i32) -> Result<EntryPage, StoreError> {
        const OPERATION: &str = "call_entries";
        let pk = Key::call(call).pk;
        let mut request = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :entry)")
            .expression_attribute_values(":pk", text(&pk))
            .expression_attribute_values(":entry", text(ENTRY_PREFIX))
            .select(Select::AllAttributes)
            .limit(limit);
        if let Some(after) = after {
            let start = [("pk", pk.as_str()), ("sk", after)];
            request = request.set_exclusive_start_key(Some(
                start.into_iter().map(|(name, value)| (name.to_owned(), text(value))).collect(),
            ));
        }
        let output = request.send().await.map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        let next = output
            .last_evaluated_key
            .as_ref()
            .and_then(|key| key.get("sk"))
            .and_then(|value| value.as_s().ok())
            .cloned();
        let entries = output
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|found| item::from_item(OPERATION, found))
            .collect::<Result<_, _>>()?;
        Ok(EntryPage { entries, next })
    }

    /// The transcript that has this fingerprint.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn call_transcript(&self, call: CallId, fingerprint: &str) -> Result<Vec<SpokenTurn>, StoreError> {
        const OPERATION: &str = "call_transcript";
        let first = Key::transcript(call, fingerprint, 0);
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :pk AND begins_with(sk, :part)")
            .expression_attribute_values(":pk", text(&first.pk))
            .expression_attribute_values(":part", text(first.sk.trim_end_matches("000")))
            .into_paginator()
            .send();
        let mut turns = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk(OPERATION, error))?;
            for found in page.items.unwrap_or_default() {
                let row: TurnsRow = item::from_item(OPERATION, found)?;
                let part: Vec<SpokenTurn> = serde_json::from_str(&row.turns)
                    .map_err(|error| StoreError::Unreadable { operation: OPERATION, what: error.to_string() })?;
                turns.extend(part);
            }
        }
        Ok(turns)
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::{Personal, Role};

    use super::*;

    #[test]
    fn a_transcript_in_parts_is_the_whole_and_no_part_is_much_larger_than_asked() {
        let turn = |n: usize| SpokenTurn { role: Role::Agent, text: Personal::new("x".repeat(n)), at_secs: None };
        let transcript = Transcript::new((1..200).map(turn));
        let parts = transcript_parts("t", &transcript, 1_000).unwrap();
        assert!(parts.len() > 10 && parts.iter().all(|part| part.len() < 1_300));
        let joined: Vec<SpokenTurn> =
            parts.iter().flat_map(|part| serde_json::from_str::<Vec<SpokenTurn>>(part).unwrap()).collect();
        assert_eq!(joined, transcript.turns());
    }
}
