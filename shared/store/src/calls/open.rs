//! Attempts that may be up, by the number that they are to, over all tenants: whoever finds a call by its number alone must
//! know who else is calling it.

use std::time::Duration;

use aws_sdk_dynamodb::types::{Delete, Put};
use serde::{Deserialize, Serialize};
use switchboard_core::{Call, CallId, Leg, LegId, PhoneNumber, ProviderId};

use super::Part;
use super::write::Parts;
use crate::item::{text, to_item};
use crate::schema::{Key, open_legs};
use crate::store::ttl_secs;
use crate::transaction::built;
use crate::{Store, StoreError, item};

/// How long such an entry is kept should nobody remove it: longer than any line is up.
const OPEN_KEPT: Duration = Duration::from_secs(2 * 24 * 60 * 60);

/// An attempt that may be up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenLeg {
    /// Its call.
    pub call: CallId,
    /// Which attempt.
    pub leg: LegId,
    /// Who holds it.
    pub provider: ProviderId,
    /// Whether the provider has named it.
    pub bound: bool,
}

#[derive(Serialize)]
struct OpenRow<'a> {
    #[serde(flatten)]
    open: &'a OpenLeg,
    ttl: i64,
}

/// The attempts of a call that may be up.
fn open(call: &Call) -> Vec<OpenLeg> {
    let may_be_up = |leg: &&Leg| leg.is_live() && leg.may_have_been_dialled();
    let entry =
        |leg: &Leg| OpenLeg { call: call.id, leg: leg.id, provider: leg.provider, bound: leg.reference.is_some() };
    call.legs.iter().filter(may_be_up).map(entry).collect()
}

impl Store {
    /// The entries follow the call.
    pub(super) fn open_leg_parts(&self, after: &Call, before: Option<&Call>) -> Result<Parts, StoreError> {
        const OPERATION: &str = "open_leg";
        let Some(to) = &after.to else { return Ok(Parts::new()) };
        let old = before.map(open).unwrap_or_default();
        let new = open(after);
        let mut parts = Parts::new();
        for entry in new.iter().filter(|entry| !old.contains(entry)) {
            let row = OpenRow { open: entry, ttl: ttl_secs(after.created_at.plus(OPEN_KEPT)) };
            let put = Put::builder().table_name(&self.table).set_item(Some(to_item(
                OPERATION,
                &Key::open_leg(to, entry.leg),
                &row,
            )?));
            parts.push((Part::Free, built(OPERATION, put.build())?));
        }
        for entry in old.iter().filter(|entry| new.iter().all(|open| open.leg != entry.leg)) {
            let delete =
                Delete::builder().table_name(&self.table).set_key(Some(Key::open_leg(to, entry.leg).attributes()));
            parts.push((Part::Free, built(OPERATION, delete.build())?));
        }
        Ok(parts)
    }

    /// Every attempt to reach a number that may be up, whoever's it is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open_legs_to(&self, number: &PhoneNumber) -> Result<Vec<OpenLeg>, StoreError> {
        const OPERATION: &str = "open_legs_to";
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :number")
            .expression_attribute_values(":number", text(open_legs(number)))
            .consistent_read(true)
            .into_paginator()
            .send();
        let mut all = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk(OPERATION, error))?;
            for found in page.items.unwrap_or_default() {
                all.push(item::from_item(OPERATION, found)?);
            }
        }
        Ok(all)
    }
}
