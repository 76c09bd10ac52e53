//! Why a world does not start.

use std::path::PathBuf;

use switchboard_lambda::ConfigError;
use switchboard_store::StoreError;

use crate::aws;
use crate::gateway::{GatewayError, TemplateError};
use crate::ledger::LedgerError;
use crate::listener::ListenError;
use crate::sim;

/// Why a world does not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// The published credentials must not be reachable from outside.
    #[error(
        "PUBLIC_BASE_URL is {0}, which is not this machine; the local world's credentials are published and must not be reachable from anywhere else"
    )]
    NotLoopback(String),
    /// Another world has the directory.
    #[error("another local world is using {0}; stop it, or choose another directory with --data")]
    InUse(PathBuf),
    /// The directory cannot be used.
    #[error("{path} cannot be used: {source}")]
    Directory {
        /// The directory or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the directory is not what it should be.
    #[error("{path} cannot be read: {what}; mend or remove it")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A port is taken.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The database does not open.
    #[error(transparent)]
    Database(#[from] aws::dynamodb::OpenError),
    /// The bucket does not open.
    #[error(transparent)]
    Bucket(#[from] aws::s3::OpenError),
    /// The world's own state cannot be read or written.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The table cannot be created.
    #[error("the table cannot be created: {0}")]
    Table(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The table does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A secret cannot be put in place.
    #[error("the secret {name} cannot be put in place: {what}")]
    Secret {
        /// The secret's name.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// The simulators do not open.
    #[error(transparent)]
    Simulators(#[from] sim::OpenError),
    /// The template cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The template and the functions differ.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// A function's settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
}
