//! Requests to Twilio: HTTP Basic with the account's token or with an API key. The account's name stands in the path either way.

use std::future::Future;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use switchboard_core::{Effect, Freshness, Secret, SecretUnavailable};

use super::Twilio;
use super::signature::is_sid;
use super::webhook::{ACCOUNT_SID_KEY, AUTH_TOKEN_KEY};
use super::wire::{self, Form, ListPage};
use crate::transport::Answer;
use crate::{Operation, ProviderError, ProviderErrorKind};

/// Placing a call. Not idempotent, and Twilio has no key that would make it so: a second request is a second phone call.
pub const CALL_PLACE: Operation =
    Operation { name: "call place", timeout: Duration::from_secs(10), attempts: 2, idempotent: false };
/// Ending a call. Ending one that has ended changes nothing.
pub const CALL_END: Operation =
    Operation { name: "call end", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// Reading the record of a call.
pub const CALL_READ: Operation =
    Operation { name: "call read", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// Listing calls, one page.
pub const CALL_LIST: Operation =
    Operation { name: "call list", timeout: Duration::from_secs(8), attempts: 2, idempotent: true };
/// Listing the recordings of a call.
pub(super) const RECORDING_LIST: Operation =
    Operation { name: "recording list", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// Fetching a recording, which may be long.
pub const RECORDING_FETCH: Operation =
    Operation { name: "recording fetch", timeout: Duration::from_secs(25), attempts: 1, idempotent: true };
/// Listing the account's numbers, one page.
pub(super) const NUMBER_LIST: Operation =
    Operation { name: "number list", timeout: Duration::from_secs(8), attempts: 2, idempotent: true };
/// What is left on the account.
pub(super) const BALANCE: Operation =
    Operation { name: "balance", timeout: Duration::from_secs(5), attempts: 2, idempotent: true };
/// Whether Twilio answers, and accepts our credentials. A probe takes at most this long, connecting and fetching the secret
/// included (api: "one probe of at most 2 s").
pub(super) const ACCOUNT_READ: Operation =
    Operation { name: "account read", timeout: Duration::from_millis(1_800), attempts: 1, idempotent: true };

/// Every operation, for the check of their time limits against the functions'.
pub const OPERATIONS: [Operation; 9] =
    [CALL_PLACE, CALL_END, CALL_READ, CALL_LIST, RECORDING_LIST, RECORDING_FETCH, NUMBER_LIST, BALANCE, ACCOUNT_READ];

const API_KEY_SID_KEY: &str = "TWILIO_API_KEY_SID";
const API_KEY_SECRET_KEY: &str = "TWILIO_API_KEY_SECRET";

/// What Twilio knows us by.
#[derive(Clone, PartialEq)]
pub(super) struct Credentials {
    pub(super) account_sid: String,
    user: String,
    password: Secret,
}

impl Credentials {
    /// The path of something of the account: `resource` is what comes behind the account's name.
    pub(super) fn path(&self, resource: &str) -> String {
        format!("/2010-04-01/Accounts/{}{resource}", self.account_sid)
    }

    pub(super) fn authorise(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request.basic_auth(&self.user, Some(self.password.expose()))
    }
}

/// A request.
pub(super) struct Outgoing {
    method: Method,
    target: Target,
    form: Option<Form>,
}

/// What a request is about.
enum Target {
    /// Behind the account's path: `/Calls.json`.
    Resource(String),
    /// A path and query that Twilio named itself.
    Page(String),
}

impl Outgoing {
    /// Reading something of the account; `resource` is what comes behind its path.
    pub(super) fn get(resource: impl Into<String>) -> Self {
        Self { method: Method::GET, target: Target::Resource(resource.into()), form: None }
    }

    pub(super) fn post(resource: impl Into<String>, form: Form) -> Self {
        Self { method: Method::POST, target: Target::Resource(resource.into()), form: Some(form) }
    }

    /// The page of a list that the one before it named.
    pub(super) fn page(uri: String) -> Self {
        Self { method: Method::GET, target: Target::Page(uri), form: None }
    }
}

impl Twilio {
    /// Sends a request; if Twilio does not accept our credentials, once more with freshly fetched ones, should they differ.
    pub(super) async fn send(&self, operation: Operation, outgoing: Outgoing) -> Result<Answer, ProviderError> {
        let outgoing = &outgoing;
        self.as_accepted(operation, |credentials, operation| async move {
            self.send_as(operation, outgoing, &credentials).await
        })
        .await
    }

    /// Does something with our credentials, and once more with freshly fetched ones if those were not accepted.
    pub(super) async fn as_accepted<T, F>(
        &self,
        operation: Operation,
        attempt: impl Fn(Credentials, Operation) -> F + Send + Sync,
    ) -> Result<T, ProviderError>
    where
        T: Send,
        F: Future<Output = Result<T, ProviderError>> + Send,
    {
        let begun_at = tokio::time::Instant::now();
        let credentials = self.credentials(operation, Freshness::Cached).await?;
        let error = match attempt(credentials.clone(), operation).await {
            Err(error) if matches!(error.kind, ProviderErrorKind::Unauthorised(_)) => error,
            other => return other,
        };
        let renewed = self.credentials(operation, Freshness::Refetched).await?;
        if renewed == credentials {
            return Err(error);
        }
        // Whatever the refusal took is gone: the second try has what is left of the first one's time, or at least a second.
        let left = operation.timeout.saturating_sub(begun_at.elapsed()).max(Duration::from_secs(1));
        attempt(renewed, Operation { timeout: left, ..operation }).await
    }

    async fn send_as(
        &self,
        operation: Operation,
        outgoing: &Outgoing,
        credentials: &Credentials,
    ) -> Result<Answer, ProviderError> {
        let path = match &outgoing.target {
            Target::Resource(resource) => credentials.path(resource),
            // A page is one of ours, on our host: nothing that an answer says leads our credentials anywhere else.
            Target::Page(uri) if uri.starts_with(&credentials.path("/")) => uri.clone(),
            Target::Page(_) => return Err(self.transport.unreadable(operation, "its next page is not the account's")),
        };
        let url = format!("{}{path}", self.config.base_url);
        self.transport
            .send(operation, |http| {
                let url = reqwest::Url::parse(&url)
                    .map_err(|_| ProviderErrorKind::Unreachable("TWILIO_BASE_URL is not a URL"))?;
                let request = http
                    .request(outgoing.method.clone(), url)
                    .header("user-agent", concat!("switchboard/", env!("CARGO_PKG_VERSION")))
                    .header("accept", "application/json");
                let request = credentials.authorise(request);
                Ok(match &outgoing.form {
                    Some(form) => request
                        .header("content-type", "application/x-www-form-urlencoded")
                        .body(form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()),
                    None => request,
                })
            })
            .await
    }

    /// The items of a list, page after page, as many pages as are allowed. `None` if there are more.
    pub(super) async fn list(
        &self,
        operation: Operation,
        resource: String,
        name: &'static str,
        max_pages: usize,
    ) -> Result<Option<Vec<Value>>, ProviderError> {
        let mut all = Vec::new();
        let mut page = self.list_page(operation, Outgoing::get(resource), name).await?;
        for _ in 1..max_pages {
            all.append(&mut page.items);
            let Some(next) = page.next.take() else { return Ok(Some(all)) };
            page = self.list_page(operation, Outgoing::page(next), name).await?;
        }
        all.append(&mut page.items);
        Ok(page.next.is_none().then_some(all))
    }

    /// One page of a list.
    pub(super) async fn list_page(
        &self,
        operation: Operation,
        outgoing: Outgoing,
        name: &'static str,
    ) -> Result<ListPage, ProviderError> {
        let answer = self.send(operation, outgoing).await?;
        wire::read_page(&answer.body, name).ok_or_else(|| self.transport.unreadable(operation, "not a page of a list"))
    }

    async fn credentials(&self, operation: Operation, freshness: Freshness) -> Result<Credentials, ProviderError> {
        let name = &self.config.secret_name;
        let not_configured = |unavailable: SecretUnavailable| {
            self.transport.error(operation, ProviderErrorKind::NotConfigured(unavailable), Effect::None, None)
        };
        let bundle = self.secrets.secret(name, freshness).await.map_err(not_configured)?;
        let now = self.clock.now();
        let incomplete = |key: &'static str, what: &str| {
            not_configured(SecretUnavailable::Incomplete { name: name.clone(), key, what: what.to_owned() })
        };
        let missing = |key| incomplete(key, "it is missing or empty");
        let account_sid = bundle.current(ACCOUNT_SID_KEY, now).ok_or_else(|| missing(ACCOUNT_SID_KEY))?;
        let account_sid = account_sid.expose().to_owned();
        // It becomes a part of every path.
        if !is_sid("AC", &account_sid) {
            return Err(incomplete(ACCOUNT_SID_KEY, "it is not AC and 32 hexadecimal digits"));
        }
        let (user, password) = match bundle.current(API_KEY_SID_KEY, now) {
            Some(key) => {
                let secret = bundle.current(API_KEY_SECRET_KEY, now).ok_or_else(|| missing(API_KEY_SECRET_KEY))?;
                (key.expose().to_owned(), secret)
            }
            None => {
                let token = bundle.current(AUTH_TOKEN_KEY, now).ok_or_else(|| missing(AUTH_TOKEN_KEY))?;
                (account_sid.clone(), token)
            }
        };
        Ok(Credentials { account_sid, user, password })
    }
}
