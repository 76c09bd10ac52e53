//! `POST /api/realtime/token`: a credential with which a page connects by itself, in R3's shape.
//!
//! Whoever has it can open as many calls as they like until it expires, and nobody can end them: so it is short-lived, for callers with
//! `realtime:raw` only, and counted per person and day.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};
use switchboard_auth::Caller;
use switchboard_core::{Effect, Fault, RealtimeId};
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::openai::translate::Dropped;

use crate::person::person;
use crate::wish::{Wish, take, wish};
use crate::{App, Operation};

/// How long a credential may hold, in seconds (api).
const TTL_SECS: std::ops::RangeInclusive<u64> = 10..=600;
/// How long it holds where nobody says.
const DEFAULT_TTL_SECS: u64 = 60;

/// The credential, in the shape of the beta.
#[derive(Serialize)]
struct ClientSecretOut {
    value: String,
    expires_at: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TokenOut {
    #[serde(rename = "client_secret")]
    client_secret: ClientSecretOut,
    session_id: RealtimeId,
    model: String,
    voice: Option<String>,
    url: String,
    ice_servers: Value,
    dropped_fields: Vec<Dropped>,
}

pub(crate) async fn token(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    // R3's page sends nothing at all.
    let empty = request.body.trim_ascii().is_empty();
    let mut body = if empty { Map::new() } else { request.json::<Map<String, Value>>()? };
    let (named, preset) = (take::<String>(&mut body, "userId")?, take::<String>(&mut body, "preset")?);
    let substitute_voice = take(&mut body, "substituteVoice")?.unwrap_or(false);
    let ttl = take(&mut body, "ttlSecs")?.unwrap_or(DEFAULT_TTL_SECS);
    if !TTL_SECS.contains(&ttl) {
        return Err(ApiError::invalid("ttlSecs", "must be a whole number from 10 to 600"));
    }
    let Wish { session, dropped } = wish(app, caller, preset.as_deref(), body, substitute_voice)?;
    let person = person(app, caller, named.as_deref()).await?;
    let store = &app.shell.store;
    if !store.realtime_token_take(caller.tenant(), &person.key, app.tokens_per_day).await? {
        let message = format!(
            "this user was given {} credentials today, which is the limit (REALTIME_TOKENS_PER_DAY); POST /api/realtime/calls \
             needs none",
            app.tokens_per_day
        );
        return Err(ApiError::new(Fault::BudgetExceeded, message));
    }
    let made = app.desk.fleet.openai().client_secret(&session, Duration::from_secs(ttl), &person.safety).await;
    let made = match made {
        Ok(made) => made,
        Err(error) => {
            // What may have been made counts.
            if error.effect == Effect::None
                && let Err(kept) = store.realtime_token_give_back(caller.tenant(), &person.key).await
            {
                tracing::warn!(error = %kept, "a credential that was not made stays counted");
            }
            return Err(error.into());
        }
    };
    let now = app.shell.now();
    Reply::json(
        StatusCode::OK,
        &TokenOut {
            client_secret: ClientSecretOut {
                value: made.value.expose().to_owned(),
                expires_at: made.expires_at.epoch_secs(),
            },
            session_id: RealtimeId::generate(now),
            model: made.model,
            voice: made.voice,
            url: app.desk.fleet.openai().calls_url(),
            ice_servers: app.shell.ice_servers()?.list(&person.key, now).await?,
            dropped_fields: dropped,
        },
    )
    .map(Reply::made_anew)
}
