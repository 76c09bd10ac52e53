//! `/api/webhook-urls`: the addresses of senders that cannot sign.
//!
//! Such an address is all that a sender has to show, so it is shown once, when it is made or rotated, and never kept. The
//! accounts with providers are their owner's, so that only its operators may make any: another tenant's operator is told so
//! (403), has an empty list, and finds nobody else's (404).

use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_auth::Caller;
use switchboard_core::{Fault, HookId, Timestamp};
use switchboard_lambda::{ApiError, HookAddress, Mint, Reply, Request};
use switchboard_store::{Hook, HookStanding};

use crate::{App, Operation};

/// Addresses on a page unless `limit` says otherwise.
const DEFAULT_LIMIT: u16 = 50;
/// Most addresses on a page.
const MAX_LIMIT: u16 = 100;

/// Who is to deliver there.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Sender {
    Omnidimension,
    Hamsa,
}

impl Sender {
    fn as_str(self) -> &'static str {
        match self {
            Self::Omnidimension => "omnidimension",
            Self::Hamsa => "hamsa",
        }
    }
}

/// What for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Purpose {
    /// Whatever the sender reports about calls.
    Calls,
}

/// The request.
#[derive(Debug, Deserialize)]
struct HookIn {
    provider: Sender,
    #[expect(dead_code, reason = "there is one purpose; reading it refuses any other")]
    purpose: Option<Purpose>,
}

/// A webhook URL without its token. `url` is added where it is shown.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HookOut {
    hook_id: HookId,
    provider: String,
    purpose: String,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
}

impl From<Hook> for HookOut {
    fn from(hook: Hook) -> Self {
        Self {
            hook_id: hook.id,
            provider: hook.sender,
            purpose: hook.purpose,
            created_at: hook.created_at,
            revoked_at: hook.revoked_at,
        }
    }
}

/// A page, newest first.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HooksOut {
    webhook_urls: Vec<HookOut>,
    next_cursor: Option<String>,
}

pub(crate) async fn list(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let limit = request.limit(DEFAULT_LIMIT, MAX_LIMIT)?;
    let list = format!("{}/webhook-urls", caller.tenant());
    let after = app.shell.cursor_opened(request, &list).await?;
    let position = after.as_ref().map(|cursor| cursor.position());
    let page = app.shell.store.hooks_list(caller.tenant(), limit, position).await?;
    let next_cursor = app.shell.cursor_sealed(page.next, &list).await?;
    let webhook_urls = page.hooks.into_iter().map(HookOut::from).collect();
    Reply::json(StatusCode::OK, &HooksOut { webhook_urls, next_cursor })
}

pub(crate) async fn create(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let asked: HookIn = request.json()?;
    if *caller.tenant() != app.owner {
        let message = "the accounts with providers are another tenant's, and so are the addresses that they report to";
        return Err(ApiError::new(Fault::Forbidden, message));
    }
    let hook = Hook::of_account(caller.tenant().clone(), asked.provider.as_str(), app.shell.now());
    let address = writable(app, request, &hook).await?;
    app.shell.store.hook_create(&hook).await?;
    shown(StatusCode::CREATED, hook, address)
}

pub(crate) async fn rotate(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let hook = own(app, caller, request).await?;
    if hook.standing(app.shell.now()) != HookStanding::Live {
        let message = "this webhook URL was revoked; make a new one with POST /api/webhook-urls";
        return Err(ApiError::new(Fault::Conflict, message));
    }
    writable(app, request, &hook).await?;
    let rotated = app.shell.store.hook_rotate(&hook).await?.ok_or_else(|| {
        let message = "somebody else rotated or revoked this webhook URL at the same moment; look at the list again";
        ApiError::new(Fault::Conflict, message)
    })?;
    let address = HookAddress::new(app.shell.base_url(request)?, &rotated);
    shown(StatusCode::OK, rotated, address)
}

pub(crate) async fn revoke(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let hook = own(app, caller, request).await?;
    let revoked = app.shell.store.hook_revoke(caller.tenant(), hook.id).await?.ok_or_else(unknown)?;
    Reply::json(StatusCode::OK, &HookOut::from(revoked))
}

/// The caller's webhook URL that the path names. Those of single calls come and go with them and are nobody's to change.
async fn own(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Hook, ApiError> {
    let id = HookId::parse(request.parameter("hookId")).ok_or_else(unknown)?;
    let found = app.shell.store.hook_fetch(id).await?;
    found.filter(|hook| hook.tenant == *caller.tenant() && hook.call.is_none()).ok_or_else(unknown)
}

fn unknown() -> ApiError {
    ApiError::not_found("no such webhook URL")
}

/// Where the hook is, once it is certain that its URL can be written: none may come to be that nobody could be shown.
async fn writable(app: &App, request: &Request<Operation>, hook: &Hook) -> Result<HookAddress, ApiError> {
    let address = HookAddress::new(app.shell.base_url(request)?, hook);
    app.shell.hook_urls()?.url(&address).await?;
    Ok(address)
}

fn shown(status: StatusCode, hook: Hook, address: HookAddress) -> Result<Reply, ApiError> {
    Ok(Reply::json(status, &HookOut::from(hook))?.minting("url", Mint::HookUrl { address }))
}
