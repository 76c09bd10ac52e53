//! Renewing a call's lease, and ending the call.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_auth::{Caller, LeaseSecret, Principal};
use switchboard_core::{
    Call, CallId, EndingBy, Fault, Freshness, NotRenewed, RENEW_EVERY, RealtimeId, SessionStatus, Timestamp, Unusable,
};
use switchboard_lambda::{ApiError, CallOut, Mint, Reply, Request, session_of, session_unusable};
use switchboard_store::{Change, Changed, RealtimeRefusal, Renewed};

use crate::{App, Operation};

/// Longest id that is looked at, in characters.
const MAX_ID_CHARS: usize = 128;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RenewIn {
    lease_secret: String,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct EndIn {
    lease_secret: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RenewOut {
    rts_id: RealtimeId,
    call_id: CallId,
    lease_expires_at: Timestamp,
    renew_every_secs: u64,
    deadline_at: Timestamp,
}

pub(crate) async fn renew(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let RenewIn { lease_secret } = request.json()?;
    let (session, call) = leased(app, caller, request.parameter("rtsId")).await?;
    still_speaks(app, caller).await?;
    let LeaseSecret { generation } = verified(app, session, &lease_secret).await?;
    let call = match app.shell.store.realtime_renew(call, generation, &app.quota).await? {
        Renewed::Done(call) => *call,
        Renewed::Not(why) => return Err(not_renewed(why)),
        Renewed::Refused(refused) => return Err(refusal(app, refused)),
    };
    let lease = call.lease.as_ref().ok_or_else(|| ApiError::internal("a realtime call without a lease"))?;
    let body = RenewOut {
        rts_id: session,
        call_id: call.id,
        lease_expires_at: lease.expires_at,
        renew_every_secs: RENEW_EVERY.as_secs(),
        deadline_at: call.deadline_at,
    };
    let secret = Mint::LeaseSecret { session, generation: Some(lease.generation) };
    Ok(Reply::json(StatusCode::OK, &body)?.minting("leaseSecret", secret))
}

pub(crate) async fn end(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let asked = if request.body.trim_ascii().is_empty() { EndIn::default() } else { request.json()? };
    let (session, call) = leased(app, caller, request.parameter("rtsId")).await?;
    if let Some(secret) = &asked.lease_secret {
        verified(app, session, secret).await?;
    }
    let call = if call.is_live() { hang_up(app, call).await? } else { call };
    // What nobody knows to be over may be up all the same.
    let over = !call.is_live() && !call.outcome_is_unknown();
    Reply::json(if over { StatusCode::OK } else { StatusCode::ACCEPTED }, &CallOut::new(&call, caller))
}

async fn hang_up(app: &App, call: Call) -> Result<Call, ApiError> {
    let now = app.shell.now();
    let before = call.clone();
    let ask = |call: &mut Call| {
        if !call.is_live() {
            return None;
        }
        call.ask_to_end(EndingBy::Request, now);
        Some(Change::default())
    };
    let call = match app.shell.store.call_change_from(call, ask).await? {
        Changed::Done(call) | Changed::Unchanged(call) => *call,
        Changed::Duplicate | Changed::ReferenceTaken | Changed::Unknown => before,
    };
    Ok(if call.is_live() { app.desk.climb(call).await? } else { call })
}

/// The leased call that a path names. A page's token finds only what it has opened itself.
async fn leased(app: &App, caller: &Caller, id: &str) -> Result<(RealtimeId, Call), ApiError> {
    if id.len() > MAX_ID_CHARS {
        return Err(ApiError::invalid("rtsId", format!("is longer than {MAX_ID_CHARS} characters")));
    }
    let none = || ApiError::new(Fault::NotFound, "there is no such realtime call");
    let session = RealtimeId::parse(id).ok_or_else(none)?;
    let call = app.shell.store.call_fetch(caller.tenant(), session.call()).await?.ok_or_else(none)?;
    let page = matches!(caller.principal(), Principal::Session { .. });
    let holder = call.lease.as_ref().map(|lease| lease.holder.as_str()).ok_or_else(none)?;
    if page && holder != caller.principal_key() {
        return Err(none());
    }
    Ok((session, call))
}

/// A page whose session was ended keeps nothing up any more. That the session timed out means nothing: this call is what it is doing.
async fn still_speaks(app: &App, caller: &Caller) -> Result<(), ApiError> {
    let Principal::Session { id, .. } = caller.principal() else { return Ok(()) };
    let session = session_of(&app.shell, caller, *id).await?;
    match session.status(app.shell.now()) {
        Some(SessionStatus::Ended) => Err(session_unusable(Unusable::Ended)),
        _ => Ok(()),
    }
}

async fn verified(app: &App, session: RealtimeId, text: &str) -> Result<LeaseSecret, ApiError> {
    let keys = app.shell.signing_keys(Freshness::Cached).await?;
    LeaseSecret::verify(text, &keys, session)
        .ok_or_else(|| ApiError::new(Fault::Forbidden, "the lease secret does not hold for this call"))
}

fn not_renewed(why: NotRenewed) -> ApiError {
    match why {
        NotRenewed::NoLease => ApiError::new(Fault::NotFound, "there is no such realtime call"),
        NotRenewed::Ended => ApiError::new(Fault::SessionEnded, "the call is over; open a new one"),
        NotRenewed::Expired => {
            ApiError::new(Fault::SessionExpired, "the lease has passed and the call is being ended; open a new one")
        }
        NotRenewed::Used => {
            let message = "this lease secret was used before; whoever renewed last has the one that counts";
            ApiError::new(Fault::Conflict, message)
        }
    }
}

/// 429 with what is used up and what helps.
pub(crate) fn refusal(app: &App, refused: RealtimeRefusal) -> ApiError {
    let quota = &app.quota;
    let (fault, message) = match refused {
        RealtimeRefusal::UserCalls => (
            Fault::ConcurrencyLimit,
            format!("this user has {} realtime calls, which is the limit; end one first", quota.calls_per_user),
        ),
        RealtimeRefusal::TenantCalls => (
            Fault::ConcurrencyLimit,
            format!("this tenant has {} realtime calls, which is the limit; end one first", quota.calls_per_tenant),
        ),
        RealtimeRefusal::UserMinutes => {
            (Fault::BudgetExceeded, format!("this user's {} minutes of today are used up", quota.secs_per_user / 60))
        }
        RealtimeRefusal::TenantMinutes => (
            Fault::BudgetExceeded,
            format!("this tenant's {} minutes of today are used up", quota.secs_per_tenant / 60),
        ),
    };
    ApiError::new(fault, message)
}
