//! `cargo dev keys create|list|revoke`.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use switchboard_auth::PresentedKey;
use switchboard_core::{ApiKey, Scope, Scopes, TenantId};

use super::{DataArgument, Failed, deployment};
use crate::terminal::print;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: KeysCommand,
    #[command(flatten)]
    data: DataArgument,
    /// The table of a deployment in AWS, instead of the local world; uses `AWS_REGION` and the credentials of the environment.
    #[arg(long, value_name = "NAME", global = true)]
    table: Option<String>,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Makes a key and shows it, once.
    Create {
        /// Whose key it is: 1 to 64 of a-z, 0-9 and -.
        #[arg(long, value_parser = tenant)]
        tenant: TenantId,
        /// What it may do, separated by commas; `all` for everything.
        #[arg(long, default_value = "voice:write,voice:read")]
        scopes: String,
    },
    /// Lists keys, never their secrets.
    List,
    /// Takes a key back, for good. It stops within a minute.
    Revoke {
        /// The part of the key between `sk_sb_` and the secret.
        id: String,
    },
}

fn tenant(text: &str) -> Result<TenantId, String> {
    let tenant = TenantId::parse(text).ok_or("a tenant's name is 1 to 64 of a-z, 0-9 and -")?;
    if tenant.is_public() { Err("`public` is the tenant of those who show no key".to_owned()) } else { Ok(tenant) }
}

pub(super) async fn keys(arguments: Arguments) -> Result<(), Failed> {
    let store = deployment::store(arguments.table.as_deref(), &arguments.data.data)?;
    match arguments.command {
        KeysCommand::Create { tenant, scopes } => {
            let scopes = read_scopes(&scopes)?;
            let key = PresentedKey::generate().map_err(|error| Failed(format!("no random numbers: {error}")))?;
            let record = ApiKey {
                id: key.id().to_owned(),
                hash: key.hash(),
                tenant,
                scopes,
                created_at: store.now(),
                revoked_at: None,
            };
            if !store.api_key_create(&record).await? {
                return Err(Failed("the key's id is taken already; try again".to_owned()));
            }
            print(&format!("{}\n", key.reveal().expose()));
        }
        KeysCommand::List => {
            let mut text = String::new();
            for key in store.api_key_list().await? {
                let scopes: Vec<_> = key.scopes.iter().map(Scope::as_str).collect();
                let state = key.revoked_at.map_or_else(|| "active".to_owned(), |at| format!("revoked {at}"));
                let _ = writeln!(text, "{}  {}  {}  {state}  {}", key.id, key.tenant, key.created_at, scopes.join(","));
            }
            print(&text);
        }
        KeysCommand::Revoke { id } => {
            if !store.api_key_revoke(&id).await? {
                return Err(Failed(format!("there is no key with the id {id}; `cargo dev keys list` shows them")));
            }
            print(&format!("revoked {id}; it stops within a minute\n"));
        }
    }
    Ok(())
}

fn read_scopes(text: &str) -> Result<Scopes, Failed> {
    if text == "all" {
        return Ok(Scopes::all());
    }
    text.split(',').map(|scope| scope.trim().parse::<Scope>().map_err(Failed::from)).collect()
}
