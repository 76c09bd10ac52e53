//! Ends calls: takes back what was not dialled, and climbs the ladder of what may be up.
//!
//! A call has ended when its provider or its carrier says so. Until then the answer is 202 with the steps that were taken, and
//! the sweep goes on with them.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Value, json};
use switchboard_auth::{Access, Caller};
use switchboard_calls::Desk;
use switchboard_core::{Call, EndingBy, Fault, Placing, ProviderId, Scope};
use switchboard_lambda::{ApiError, Boot, CallOut, ConfigError, Reply, Request, Route, Shell, call_of, old_status};
use switchboard_providers::fleet::{Fleet, FleetConfig};
use switchboard_store::{Change, Changed};

/// Pauses before the looks for evidence after the provider has taken the request: most hang up within a second.
const LOOKS: [Duration; 3] = [Duration::from_millis(150), Duration::from_millis(400), Duration::from_millis(900)];

/// What this function is made of.
#[derive(Debug)]
pub struct App {
    shell: Shell,
    desk: Desk,
}

/// What can be asked of this function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// End a call.
    End,
    /// End a call of OmniDimension's, in R1's shape.
    EndAsR1,
    /// End a call of Hamsa's, in R4's shape.
    EndAsR4,
}

/// The routes.
pub const ROUTES: &[Route<Operation>] = &[
    Route::new("POST", "/api/calls/{callId}/end", Operation::End, Access::scope(Scope::CallsWrite)).idempotent_by_key(),
    Route::new("POST", "/call/{callId}/end", Operation::EndAsR1, Access::scope(Scope::CallsWrite)).idempotent_by_key(),
    Route::new("POST", "/api/hamsa/jobs/{callId}/end", Operation::EndAsR4, Access::scope(Scope::CallsWrite))
        .idempotent_by_key(),
];

impl App {
    /// Composes the function from its environment.
    ///
    /// # Errors
    /// [`ConfigError`] with every problem of the settings.
    pub fn compose(boot: &Boot) -> Result<Self, ConfigError> {
        let mut config = boot.config();
        let shell = Shell::compose(boot, &mut config);
        let fleet = FleetConfig::read(&mut config);
        config.finish()?;
        let fleet = Fleet::new(fleet, &shell.secrets, &shell.clock, &boot.http());
        let desk = Desk { store: shell.store.clone(), fleet };
        Ok(Self { shell, desk })
    }
}

impl AsRef<Shell> for App {
    fn as_ref(&self) -> &Shell {
        &self.shell
    }
}

/// Answers a request.
///
/// # Errors
/// [`ApiError`], each with its documented status and code.
pub async fn handle(app: Arc<App>, caller: Caller, request: Request<Operation>) -> Result<Reply, ApiError> {
    let call = call_of(&app.shell, &caller, request.parameter("callId")).await?;
    // The old paths knew one provider each.
    let (only, id_field) = match request.operation {
        Operation::End => (None, None),
        Operation::EndAsR1 => (Some(ProviderId::Omnidimension), Some("call_id")),
        Operation::EndAsR4 => (Some(ProviderId::Hamsa), Some("jobId")),
    };
    if only.is_some_and(|only| call.provider() != Some(only)) {
        return Err(ApiError::not_found("no such call"));
    }
    let call = end(&app, call).await?;
    // What was given up may be up all the same: nobody has said that it is over.
    let over = !call.is_live() && !call.outcome_is_unknown();
    let status = if over { StatusCode::OK } else { StatusCode::ACCEPTED };
    let out = CallOut::new(&call, &caller);
    let Some(id_field) = id_field else { return Reply::json(status, &out) };
    let mut body = serde_json::to_value(&out).map_err(|_| ApiError::internal("a call cannot be written"))?;
    if let Value::Object(body) = &mut body {
        body.insert("success".to_owned(), json!(true));
        body.insert("status".to_owned(), json!(old_status(&call)));
        body.insert(id_field.to_owned(), json!(call.id));
    }
    Reply::json(status, &body)
}

async fn end(app: &App, call: Call) -> Result<Call, ApiError> {
    if !call.is_live() {
        return Ok(call);
    }
    // What nobody has begun to dial can always be taken back, and what is being dialled at this moment will have its rungs.
    let reserved = call.legs.iter().any(|leg| leg.placing == Placing::Reserved);
    if !reserved && !app.desk.can_end(&call) {
        return Err(no_rung(&call));
    }
    let now = app.shell.now();
    let asked = app
        .shell
        .store
        .call_change_from(call, |call| {
            if !call.is_live() {
                return None;
            }
            call.ask_to_end(EndingBy::Request, now);
            Some(Change::default())
        })
        .await?;
    let mut call = match asked {
        Changed::Done(call) | Changed::Unchanged(call) => *call,
        Changed::Duplicate | Changed::ReferenceTaken | Changed::Unknown => {
            return Err(ApiError::internal("a call is gone while it is being ended"));
        }
    };
    if call.is_live() {
        call = app.desk.climb(call).await?;
    }
    let accepted = |call: &Call| {
        let rungs = call.ending.iter().flat_map(|ending| &ending.rungs);
        rungs.into_iter().any(|rung| rung.at >= now && rung.result != "failed" && rung.result != "not_known")
    };
    for pause in LOOKS {
        if !call.is_live() || !accepted(&call) {
            break;
        }
        tokio::time::sleep(pause).await;
        call = app.desk.look_at_live(call).await?.call;
    }
    Ok(call)
}

/// 422: there is nothing that could be asked of anybody.
fn no_rung(call: &Call) -> ApiError {
    let provider = call.provider().map_or("the provider", ProviderId::as_str);
    let message = format!(
        "{provider} has no request that ends a call, and this one runs over no number of ours; it ends by itself, at the latest by \
         its agent's own limit"
    );
    let nearest = "the agent's max_call_duration, or from: a number of the installation's Twilio account";
    ApiError::new(Fault::UnsupportedByProvider, message).with("nearest", nearest).with("callId", call.id.to_string())
}
