//! `POST /api/calls`: writing the call down, having it dialled, answering.

use std::time::Duration;

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use switchboard_auth::Caller;
use switchboard_core::{
    Call, CallId, Channel, Direction, Duties, Fault, Leg, LegId, Personal, PhoneNumber, ProviderId, Secret, SpendHold,
    Timestamp,
};
use switchboard_lambda::{ApiError, CallOut, Reply, Request, refusal};
use switchboard_providers::Connected;
use switchboard_store::{CallKey, DialCounts, IdempotencyScope, Reservation, Reserved};

use crate::dial::{Dialled, dial};
use crate::dry_run::dry_run;
use crate::order::{CallIn, Order};
use crate::preflight::{Plan, plan};
use crate::{App, Operation};

/// The route that an idempotency key is valid for, whichever of the paths it came by.
const ROUTE: &str = "POST /api/calls";

/// What a browser needs to join a call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectOut {
    kind: &'static str,
    token: String,
    url: String,
    expires_at: Option<Timestamp>,
}

/// A call that was placed, or had been.
#[derive(Debug)]
pub(crate) struct Placing {
    /// The call as it is now.
    pub(crate) call: Call,
    /// What a browser needs to join it. Only the first answer has it: the credential is kept nowhere.
    pub(crate) connect: Option<Box<Connected>>,
    /// Whether the key had this call already.
    pub(crate) replayed: bool,
}

pub(crate) async fn create(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let order = Order::try_from(request.json::<CallIn>()?)?;
    if order.dry_run {
        return dry_run(app, caller, &order, request).await;
    }
    let placing = carry_out(app, caller, &order, request).await?;
    answer(&placing, caller)
}

/// Places the call that is asked for, unless the key has one already.
pub(crate) async fn carry_out(
    app: &App,
    caller: &Caller,
    order: &Order,
    request: &Request<Operation>,
) -> Result<Placing, ApiError> {
    let principal = caller.principal_key();
    let fingerprint = request.fingerprint();
    let scope = |key| IdempotencyScope { tenant: caller.tenant(), principal: &principal, route: ROUTE, key };
    let key = request.idempotency_key()?.map(|key| CallKey { scope: scope(key), fingerprint: &fingerprint });
    let plan = match plan(app, caller, order, false).await {
        Ok(plan) => plan,
        // A key that has its call is answered with it, whatever has changed since: the agent, the policy, the provider's mood.
        Err(error) => return before(app, caller, key, error).await,
    };
    let call = write_down(app, caller, order, &plan, principal.clone());
    let counts = DialCounts { policy: &app.policy, to: order.to.as_ref() };
    let reservation = Reservation { key, limit: app.concurrent_calls, counts };
    let call = match app.shell.store.call_reserve(call, &reservation).await? {
        Reserved::Now(call) => *call,
        Reserved::Before(id) => return replay(app, caller, id).await,
        Reserved::Mismatch(id) => return Err(mismatch(id)),
        Reserved::Full => {
            let message = "as many calls as the tenant may have at once are up; end one, or wait until one ends";
            return Err(ApiError::new(Fault::ConcurrencyLimit, message));
        }
        Reserved::Refused(refused) => return Err(refusal(refused)),
    };
    let id = call.id;
    match dial(app, call, order, &plan, request).await {
        Ok(Dialled::Placed { call, connect }) => Ok(Placing { call: *call, connect, replayed: false }),
        Ok(Dialled::Failed { error, .. }) => Err(ApiError::from(*error).with("callId", id.to_string())),
        Err(error) => Err(error.with("callId", id.to_string())),
    }
}

/// The call of a key that has one; else what stood in the way of a new one.
async fn before(app: &App, caller: &Caller, key: Option<CallKey<'_>>, error: ApiError) -> Result<Placing, ApiError> {
    let Some(key) = key else { return Err(error) };
    match app.shell.store.call_of_key(key).await? {
        Some((id, true)) => replay(app, caller, id).await,
        Some((id, false)) => Err(mismatch(id)),
        None => Err(error),
    }
}

async fn replay(app: &App, caller: &Caller, id: CallId) -> Result<Placing, ApiError> {
    let call = app.shell.store.call_fetch(caller.tenant(), id).await?;
    let call = call.ok_or_else(|| ApiError::internal("an idempotency key is bound to a call that is gone"))?;
    Ok(Placing { call, connect: None, replayed: true })
}

fn mismatch(id: CallId) -> ApiError {
    let message = "this Idempotency-Key was used with another request; use a new key for a new call";
    ApiError::new(Fault::IdempotencyMismatch, message).with("callId", id.to_string())
}

/// The call as it is written down: reserved, with its deadline.
fn write_down(app: &App, caller: &Caller, order: &Order, plan: &Plan, principal: String) -> Call {
    let now = app.shell.now();
    let lasts = Duration::from_secs(u64::from(order.max_duration_secs));
    let estimate = app.policy.estimate(lasts).get();
    let from = order.from.as_deref().and_then(PhoneNumber::from_e164);
    let mut call = Call {
        id: CallId::generate(now),
        tenant: caller.tenant().clone(),
        channel: order.channel,
        direction: Direction::Outbound,
        to: order.to.clone(),
        from: from.or_else(|| default_caller(app, plan.provider, order.channel)),
        agent_id: plan.agent_id.clone(),
        scenario: order.scenario.map(|scenario| scenario.id.to_owned()),
        language: order.language.clone(),
        params: order.params.clone(),
        metadata: Personal::new(order.metadata.as_str()),
        user_id: order.user_id.clone(),
        created_at: now,
        deadline_at: now.plus(lasts),
        fallback: order.fallback.iter().copied().filter(|provider| *provider != plan.provider).collect(),
        legs: Vec::new(),
        ending: None,
        duties: Duties::default(),
        slot: None,
        spend: Some(SpendHold {
            day: now.to_string().chars().take(10).collect(),
            principal,
            held: estimate,
            counted: estimate,
        }),
        recording_key: None,
        recording_lost: false,
        lease: None,
        alarms: std::collections::BTreeMap::new(),
        version: 0,
    };
    call.add_leg(Leg::reserved(LegId::generate(now), plan.provider), now);
    call
}

/// The number that the provider calls from where the request names none, as far as the configuration tells.
fn default_caller(app: &App, provider: ProviderId, channel: Channel) -> Option<PhoneNumber> {
    let calls = app.desk.fleet.get(provider).filter(|_| channel == Channel::Phone)?.calls()?;
    calls.caller_number().cloned()
}

/// 202 with the call as it is now.
fn answer(placing: &Placing, caller: &Caller) -> Result<Reply, ApiError> {
    let mut body = serde_json::to_value(CallOut::new(&placing.call, caller))
        .map_err(|_| ApiError::internal("a call cannot be written"))?;
    if let (Some(connected), Value::Object(body)) = (&placing.connect, &mut body) {
        let expose = |secret: &Secret| secret.expose().to_owned();
        let connect = ConnectOut {
            kind: connected.kind,
            token: expose(&connected.token),
            url: expose(&connected.url),
            expires_at: connected.expires_at,
        };
        let connect =
            serde_json::to_value(connect).map_err(|_| ApiError::internal("a credential cannot be written"))?;
        body.insert("connect".to_owned(), connect);
    }
    let reply = Reply::json(StatusCode::ACCEPTED, &body)?;
    Ok(if placing.replayed { reply.replayed() } else { reply })
}
