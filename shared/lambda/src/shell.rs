//! What every function has, whatever it does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use switchboard_auth::SigningKeys;
use switchboard_core::{ApiKey, Clock, Freshness, SecretSource, SecretUnavailable, TenantId, Timestamp};
use switchboard_store::{Bucket, Store};

use crate::boot::{AwsSettings, Boot};
use crate::config::Config;
use crate::cors::AllowedOrigins;
use crate::secrets::Secrets;
use crate::{ApiError, HookUrls, IceServers, Request, TokenMaker};

/// How long a key's row is used before it is read again. A revoked key stops within a minute (api), reading included.
const KEY_KEPT_FOR: Duration = Duration::from_secs(55);
/// As many keys are remembered; beyond that the memory is emptied, which costs a read each.
const MAX_KEYS_KEPT: usize = 1_000;
/// The key in the signing secret's JSON (R0's name).
const JWT_SECRET: &str = "JWT_SECRET";

/// The parts that all functions share.
#[derive(Debug)]
pub struct Shell {
    /// The table.
    pub store: Store,
    /// The bucket, where the function uses one.
    pub bucket: Option<Bucket>,
    /// The installation's secrets.
    pub secrets: Arc<dyn SecretSource>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Whose pages may read answers.
    pub origins: AllowedOrigins,
    /// Where this installation is reached from outside, without a final slash (`PUBLIC_BASE_URL`); where it is not set, each
    /// request says by which of our names it came.
    pub public_base_url: Option<String>,
    /// Whether voice sessions may be opened without a credential (`PUBLIC_SESSIONS`).
    pub public_sessions: bool,
    pub(crate) voice_limit: Limit,
    signing_secret_name: String,
    hook_urls: Option<HookUrls>,
    ice_servers: Option<IceServers>,
    keys: Mutex<BTreeMap<String, KnownKey>>,
}

/// So many requests in such a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) requests: u32,
    pub(crate) window: Duration,
}

#[derive(Debug)]
struct KnownKey {
    key: ApiKey,
    read_at: Timestamp,
}

impl Shell {
    /// Reads what every function needs: `TABLE_NAME`, `SIGNING_SECRET_NAME`, `CORS_ORIGIN`, `PUBLIC_BASE_URL`, `PUBLIC_SESSIONS`, `RATE_LIMIT_MAX_REQUESTS`,
    /// `RATE_LIMIT_WINDOW_MS`, AWS's own variables, and `BUCKET_NAME` where the function has a bucket.
    pub fn compose(boot: &Boot, config: &mut Config<'_>) -> Self {
        let aws = AwsSettings::read(config);
        let clock = boot.clock();
        let store = Store::new(boot.dynamodb(&aws), config.required("TABLE_NAME"), Arc::clone(&clock));
        let bucket = config.optional("BUCKET_NAME").map(|name| Bucket::new(aws.bucket(name), boot.http()));
        let secrets: Arc<dyn SecretSource> = Arc::new(Secrets::new(boot.secrets_manager(&aws), Arc::clone(&clock)));
        let window_ms = config.number("RATE_LIMIT_WINDOW_MS", 900_000_u64, 1_000..=86_400_000);
        let voice_limit = Limit {
            requests: config.number("RATE_LIMIT_MAX_REQUESTS", 100_u32, 1..=10_000_000),
            window: Duration::from_millis(window_ms),
        };
        let origins = config
            .parsed(
                "CORS_ORIGIN",
                "",
                AllowedOrigins::parse,
                "a comma-separated list of origins like https://app.example.com, or *",
            )
            .unwrap_or_default();
        Self {
            store,
            bucket,
            secrets,
            clock,
            origins,
            public_base_url: config.optional_base_url("PUBLIC_BASE_URL"),
            public_sessions: config.flag("PUBLIC_SESSIONS", false),
            voice_limit,
            signing_secret_name: config.required("SIGNING_SECRET_NAME"),
            hook_urls: None,
            ice_servers: None,
            keys: Mutex::default(),
        }
    }

    /// The same for a function that makes webhook URLs: reads `WEBHOOK_URLS_SECRET_NAME`, too.
    #[must_use]
    pub fn with_hook_urls(mut self, config: &mut Config<'_>, make_token: TokenMaker) -> Self {
        let secret_name = config.required("WEBHOOK_URLS_SECRET_NAME");
        let (secrets, clock) = (Arc::clone(&self.secrets), Arc::clone(&self.clock));
        self.hook_urls = Some(HookUrls::new(secret_name, secrets, clock, make_token));
        self
    }

    /// What writes webhook URLs.
    ///
    /// # Errors
    /// [`ApiError`] if the function was composed without.
    pub fn hook_urls(&self) -> Result<&HookUrls, ApiError> {
        self.hook_urls.as_ref().ok_or_else(|| ApiError::internal("this function makes no webhook URLs"))
    }

    /// The same for a function that sets up peer connections: reads `ICE_SERVERS` and `TURN_SECRET_NAME`, too.
    #[must_use]
    pub fn with_ice_servers(mut self, config: &mut Config<'_>) -> Self {
        self.ice_servers = Some(IceServers::read(config, &self.secrets));
        self
    }

    /// The servers that help peer connections through.
    ///
    /// # Errors
    /// [`ApiError`] if the function was composed without.
    pub fn ice_servers(&self) -> Result<&IceServers, ApiError> {
        self.ice_servers.as_ref().ok_or_else(|| ApiError::internal("this function sets up no peer connections"))
    }

    /// Where this installation is reached from outside: as it is configured, else by the name that this request came by.
    ///
    /// # Errors
    /// [`ApiError`] if neither is known.
    pub fn base_url<O>(&self, request: &Request<O>) -> Result<String, ApiError> {
        match (&self.public_base_url, &request.domain) {
            (Some(configured), _) => Ok(configured.clone()),
            (None, Some(domain)) => Ok(format!("https://{domain}")),
            (None, None) => Err(ApiError::internal("PUBLIC_BASE_URL is not set, and the event names no domain")),
        }
    }

    /// The bucket of a function that is deployed with one.
    ///
    /// # Errors
    /// [`ApiError`] if `BUCKET_NAME` is not set.
    pub fn bucket(&self) -> Result<&Bucket, ApiError> {
        self.bucket.as_ref().ok_or_else(|| ApiError::internal("this function has no bucket; set BUCKET_NAME"))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The keys that tokens and cursors are signed with.
    ///
    /// # Errors
    /// [`SecretUnavailable`] if the secret cannot be had or is too weak.
    pub async fn signing_keys(&self, freshness: Freshness) -> Result<SigningKeys, SecretUnavailable> {
        let name = &self.signing_secret_name;
        let bundle = self.secrets.secret(name, freshness).await?;
        let accepted = bundle.accepted(JWT_SECRET, self.now());
        SigningKeys::new(accepted.into_iter().map(|keyed| keyed.value).collect()).map_err(|weak| {
            SecretUnavailable::Incomplete { name: name.clone(), key: JWT_SECRET, what: weak.to_string() }
        })
    }

    /// The row of an API key, at most [`KEY_KEPT_FOR`] old. Unknown ids are asked for every time, so that a new key works at
    /// once.
    pub(crate) async fn api_key(&self, id: &str) -> Result<Option<ApiKey>, ApiError> {
        let now = self.now();
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(id).and_then(|known| {
            (now < known.read_at.plus(KEY_KEPT_FOR) && known.read_at <= now).then(|| known.key.clone())
        });
        if known.is_some() {
            return Ok(known);
        }
        let read = self.store.api_key_fetch(id).await?;
        if let Some(key) = &read {
            let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
            if keys.len() >= MAX_KEYS_KEPT {
                keys.clear();
            }
            keys.insert(id.to_owned(), KnownKey { key: key.clone(), read_at: now });
        }
        Ok(read)
    }

    /// Reads who owns the installation's accounts with providers (`ACCOUNT_OWNER_TENANT`).
    pub fn account_owner(config: &mut Config<'_>) -> TenantId {
        let form = "a tenant's name: 1 to 64 of a-z, 0-9 and -";
        let owner = config.parsed("ACCOUNT_OWNER_TENANT", "default", TenantId::parse, form);
        // Where there is none, `Config::finish` fails.
        owner.unwrap_or_else(TenantId::public)
    }

    /// Requires that a tenant owns the installation's accounts with providers: what belongs to no tenant is the owner's.
    ///
    /// # Errors
    /// 404: to everybody else these things do not exist.
    pub fn require_owner(tenant: &TenantId, owner: &TenantId) -> Result<(), ApiError> {
        if tenant == owner { Ok(()) } else { Err(ApiError::not_found("nothing of this kind")) }
    }
}
