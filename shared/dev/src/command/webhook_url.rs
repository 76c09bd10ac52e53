//! `cargo dev webhook-url create|list|rotate|revoke`: the addresses of senders that cannot sign, by the same rows and keys as
//! the API's `/api/webhook-urls`.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Args, Subcommand, ValueEnum};
use switchboard_core::{HookId, TenantId};
use switchboard_lambda::HookAddress;
use switchboard_store::{Hook, HookStanding, Store};

use super::{DataArgument, Failed, deployment};
use crate::credentials;
use crate::terminal::print;
use crate::world::Directory;

/// The owner of the accounts in a deployment that sets no other (the template's `AccountOwnerTenant`).
const DEPLOYED_OWNER: &str = "default";
/// How many rows are read at once.
const PAGE: u16 = 100;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: HookCommand,
    #[command(flatten)]
    data: DataArgument,
    /// The table of a deployment in AWS, instead of the local world; uses `AWS_REGION` and the credentials of the environment.
    #[arg(long, value_name = "NAME", global = true)]
    table: Option<String>,
    /// The secret with the key that URLs are made with (the template's `WebhookUrlsSecretName`).
    #[arg(long, value_name = "NAME", global = true, default_value = "switchboard/webhook-urls")]
    secret: String,
    /// Where the deployment is reached, as in `https://api.example.com`; needed with `--table` to show a URL.
    #[arg(long, value_name = "URL", global = true)]
    base_url: Option<String>,
    /// The owner of the accounts with providers.
    #[arg(long, value_name = "TENANT", global = true, value_parser = tenant)]
    tenant: Option<TenantId>,
}

#[derive(Debug, Subcommand)]
enum HookCommand {
    /// Makes a webhook URL and shows it, once.
    Create {
        /// Who is to deliver there.
        #[arg(long)]
        provider: Sender,
    },
    /// Lists webhook URLs, newest first, never their tokens.
    List,
    /// Gives a webhook URL another token and shows it, once; the earlier URL stops at once.
    Rotate {
        /// Its name, as `list` shows it.
        id: String,
    },
    /// Takes a webhook URL back, for good.
    Revoke {
        /// Its name, as `list` shows it.
        id: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
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

fn tenant(text: &str) -> Result<TenantId, String> {
    TenantId::parse(text).ok_or_else(|| "a tenant's name is 1 to 64 of a-z, 0-9 and -".to_owned())
}

pub(super) async fn webhook_url(arguments: Arguments) -> Result<(), Failed> {
    let table = arguments.table.as_deref();
    let store = deployment::store(table, &arguments.data.data)?;
    let owner = match arguments.tenant {
        Some(tenant) => tenant,
        None => tenant(if table.is_some() { DEPLOYED_OWNER } else { credentials::OWNER }).map_err(Failed)?,
    };
    match arguments.command {
        HookCommand::Create { provider } => {
            let hook = Hook::of_account(owner, provider.as_str(), store.now());
            // Written before it is kept: none may come to be that nobody could be shown.
            let base_url = base_url(arguments.base_url.as_deref(), table, &arguments.data.data)?;
            let url = write(&arguments.secret, table, &arguments.data.data, &HookAddress::new(base_url, &hook)).await?;
            store.hook_create(&hook).await?;
            print(&format!("{}  {url}\n", hook.id));
        }
        HookCommand::List => print(&listed(&store, &owner).await?),
        HookCommand::Rotate { id } => {
            let hook = own(&store, &owner, &id).await?;
            let base_url = base_url(arguments.base_url.as_deref(), table, &arguments.data.data)?;
            let next = Hook { generation: hook.generation.saturating_add(1), ..hook.clone() };
            let url = write(&arguments.secret, table, &arguments.data.data, &HookAddress::new(base_url, &next)).await?;
            if store.hook_rotate(&hook).await?.is_none() {
                return Err(Failed(format!("{id} was revoked, or somebody else rotated it at the same moment")));
            }
            print(&format!("{}  {url}\n", hook.id));
        }
        HookCommand::Revoke { id } => {
            let hook = own(&store, &owner, &id).await?;
            store.hook_revoke(&owner, hook.id).await?.ok_or_else(|| unknown(&id))?;
            print(&format!("revoked {id}\n"));
        }
    }
    Ok(())
}

/// The webhook URL of this name that is the owner's.
async fn own(store: &Store, owner: &TenantId, id: &str) -> Result<Hook, Failed> {
    let found = match HookId::parse(id) {
        Some(id) => store.hook_fetch(id).await?,
        None => None,
    };
    found.filter(|hook| hook.tenant == *owner && hook.call.is_none()).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> Failed {
    Failed(format!("there is no webhook URL {id} of this tenant; `cargo dev webhook-url list` shows them"))
}

async fn listed(store: &Store, owner: &TenantId) -> Result<String, Failed> {
    let (mut text, mut after) = (String::new(), None::<String>);
    loop {
        let page = store.hooks_list(owner, PAGE, after.as_deref()).await?;
        for hook in &page.hooks {
            let state = match hook.standing(store.now()) {
                HookStanding::Live => "active",
                HookStanding::Revoked => "revoked",
                HookStanding::Expired => "expired",
            };
            let _ = writeln!(text, "{}  {}  {}  {}  {state}", hook.id, hook.sender, hook.purpose, hook.created_at);
        }
        after = page.next;
        if after.is_none() {
            return Ok(text);
        }
    }
}

/// Where the installation is reached.
fn base_url(given: Option<&str>, table: Option<&str>, data: &Path) -> Result<String, Failed> {
    match (given, table) {
        (Some(url), _) => Ok(url.trim_end_matches('/').to_owned()),
        (None, None) => Ok(Directory::endpoints(data)?.gateway),
        (None, Some(_)) => Err(Failed("say where the deployment is reached: --base-url https://…".to_owned())),
    }
}

/// The whole URL, for the terminal of whoever may have it.
async fn write(secret: &str, table: Option<&str>, data: &Path, address: &HookAddress) -> Result<String, Failed> {
    let urls = deployment::hook_urls(secret, table, data)?;
    Ok(urls.url(address).await?.expose().to_owned())
}
