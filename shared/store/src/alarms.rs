//! Alarms, listed by tenant: open ones and closed ones.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use serde::{Deserialize, Serialize};
use switchboard_core::{Alarm, AlarmId, AlarmKind, CallId, TenantId, Timestamp};

use crate::calls::CALL_RETENTION;
use crate::item::{millis, text, to_item};
use crate::schema::{GSI1, Key, alarm_list, list_place};
use crate::store::ttl_secs;
use crate::transaction::built;
use crate::{Store, StoreError, item};

/// A page of alarms.
#[derive(Clone, Debug)]
pub struct AlarmPage {
    /// The alarms, newest first.
    pub alarms: Vec<Alarm>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlarmRow {
    alarm: AlarmId,
    tenant: TenantId,
    kind: AlarmKind,
    call: Option<CallId>,
    #[serde(with = "millis")]
    since: Timestamp,
    reason: String,
    #[serde(default, with = "millis::optional")]
    closed_at: Option<Timestamp>,
    gsi1pk: String,
    gsi1sk: String,
    ttl: i64,
}

impl Store {
    /// The write that opens an alarm, or closes it if it has a time of closing.
    pub(crate) fn alarm_put(&self, alarm: &Alarm) -> Result<TransactWriteItem, StoreError> {
        const OPERATION: &str = "alarm_put";
        let put = Put::builder().table_name(&self.table).set_item(Some(alarm_item(OPERATION, alarm)?)).build();
        built(OPERATION, put)
    }

    /// Opens or closes an alarm about an account.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn alarm_write(&self, alarm: &Alarm) -> Result<(), StoreError> {
        const OPERATION: &str = "alarm_write";
        self.client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(alarm_item(OPERATION, alarm)?))
            .send()
            .await
            .map(drop)
            .map_err(|error| StoreError::from_sdk(OPERATION, error))
    }

    /// The alarm of a kind about a tenant's accounts, open or closed, if there ever was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn account_alarm(&self, tenant: &TenantId, kind: AlarmKind) -> Result<Option<Alarm>, StoreError> {
        let row: Option<AlarmRow> = self.fetch_row("account_alarm", &Key::account_alarm(tenant, kind)).await?;
        Ok(row.map(Alarm::from))
    }

    /// A page of a tenant's alarms, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn alarms_list(
        &self,
        tenant: &TenantId,
        open: bool,
        after: Option<&str>,
        limit: i32,
    ) -> Result<AlarmPage, StoreError> {
        const OPERATION: &str = "alarms_list";
        let mut request = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(GSI1)
            .expression_attribute_values(":list", text(alarm_list(tenant, open)))
            .scan_index_forward(false)
            .limit(limit);
        request = match after {
            Some(after) => request
                .key_condition_expression("gsi1pk = :list AND gsi1sk < :after")
                .expression_attribute_values(":after", text(after)),
            None => request.key_condition_expression("gsi1pk = :list"),
        };
        let output = request.send().await.map_err(|error| StoreError::from_sdk(OPERATION, error))?;
        let more = output.last_evaluated_key.is_some();
        let rows: Vec<AlarmRow> = output
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|found| item::from_item(OPERATION, found))
            .collect::<Result<_, _>>()?;
        let next = rows.last().filter(|_| more).map(|row| row.gsi1sk.clone());
        Ok(AlarmPage { alarms: rows.into_iter().map(Alarm::from).collect(), next })
    }
}

fn alarm_item(operation: &'static str, alarm: &Alarm) -> Result<item::Item, StoreError> {
    let key = match alarm.call {
        Some(call) => Key::call_alarm(call, alarm.id),
        None => Key::account_alarm(&alarm.tenant, alarm.kind),
    };
    let row = AlarmRow {
        alarm: alarm.id,
        tenant: alarm.tenant.clone(),
        kind: alarm.kind,
        call: alarm.call,
        since: alarm.since,
        reason: alarm.reason.clone(),
        closed_at: alarm.closed_at,
        gsi1pk: alarm_list(&alarm.tenant, alarm.closed_at.is_none()),
        gsi1sk: list_place(alarm.since, alarm.id),
        ttl: ttl_secs(alarm.since.plus(CALL_RETENTION)),
    };
    to_item(operation, &key, &row)
}

impl From<AlarmRow> for Alarm {
    fn from(row: AlarmRow) -> Self {
        Self {
            id: row.alarm,
            tenant: row.tenant,
            kind: row.kind,
            call: row.call,
            since: row.since,
            reason: row.reason,
            closed_at: row.closed_at,
        }
    }
}
