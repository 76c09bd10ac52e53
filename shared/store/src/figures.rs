//! Figures: what a tenant's calls add up to, per day and provider. They are written beside every change of a call
//! (`calls::write`); here they are only read.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use switchboard_core::{TenantId, Timestamp};

use crate::calls::{day_of, month_of};
use crate::item::text;
use crate::schema::figures_partition;
use crate::{Store, StoreError};

/// The counts of one day and provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayFigures {
    /// The day (UTC), as `2026-11-20`.
    pub day: String,
    /// The provider's name; `none` for calls that never came to one.
    pub provider: String,
    /// The counts by name.
    pub counts: BTreeMap<String, i64>,
}

/// Most months that are read for one answer: a year and the month it began in.
const MOST_MONTHS: usize = 13;

impl Store {
    /// The figures of the days from that of `since` to that of `until`, both included, shards added up.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn figures(
        &self,
        tenant: &TenantId,
        since: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<DayFigures>, StoreError> {
        let mut days: BTreeMap<(String, String), BTreeMap<String, i64>> = BTreeMap::new();
        let (first, last) = (day_of(since), day_of(until));
        for month in months(since, until) {
            self.figures_of_month(tenant, &month, (&first, &last), &mut days).await?;
        }
        Ok(days.into_iter().map(|((day, provider), counts)| DayFigures { day, provider, counts }).collect())
    }

    async fn figures_of_month(
        &self,
        tenant: &TenantId,
        month: &str,
        (first, last): (&str, &str),
        days: &mut BTreeMap<(String, String), BTreeMap<String, i64>>,
    ) -> Result<(), StoreError> {
        const OPERATION: &str = "figures";
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("pk = :month AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":month", text(figures_partition(tenant, month)))
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(format!("{last}~")))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| StoreError::from_sdk(OPERATION, error))?;
            for found in page.items.unwrap_or_default() {
                let Some(place) = found.get("sk").and_then(|value| value.as_s().ok()) else { continue };
                let mut names = place.split('#').map(str::to_owned);
                let (Some(day), Some(provider)) = (names.next(), names.next()) else { continue };
                let counts = days.entry((day, provider)).or_default();
                for (name, value) in &found {
                    if let (Some(count), false) = (count_in(value), name == "ttl") {
                        *counts.entry(name.clone()).or_default() += count;
                    }
                }
            }
        }
        Ok(())
    }
}

fn count_in(value: &AttributeValue) -> Option<i64> {
    value.as_n().ok()?.parse().ok()
}

/// The months from that of `since` to that of `until`.
fn months(since: Timestamp, until: Timestamp) -> Vec<String> {
    let last = month_of(until);
    let mut month = month_of(since);
    let mut all = Vec::new();
    while month <= last && all.len() < MOST_MONTHS {
        all.push(month.clone());
        let begins = Timestamp::parse(&format!("{month}-28T00:00:00Z")).unwrap_or(until);
        month = month_of(begins.plus(std::time::Duration::from_secs(4 * 24 * 60 * 60)));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_months_between_two_moments_are_all_named_once() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        assert_eq!(
            months(at("2026-11-30T23:00:00Z"), at("2027-02-01T00:00:00Z")),
            ["2026-11", "2026-12", "2027-01", "2027-02"]
        );
        assert_eq!(months(at("2026-11-01T00:00:00Z"), at("2026-11-01T00:00:01Z")), ["2026-11"]);
        assert_eq!(months(at("2020-01-01T00:00:00Z"), at("2026-11-01T00:00:01Z")).len(), MOST_MONTHS);
    }
}
