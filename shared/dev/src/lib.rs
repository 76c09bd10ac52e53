//! The local world of Switchboard: everything around the functions that AWS and the providers are in production, and the
//! commands of `cargo dev`.
//!
//! Never deployed: no function may depend on this crate.
//!
//! | module | noun |
//! |---|---|
//! | `command` | the command line |
//! | `world` | [`world::World`]: the whole assembly |
//! | `functions` | the functions, composed as their binaries compose them |
//! | `gateway` | the HTTP API that the template describes |
//! | `aws` | stand-ins for DynamoDB, Secrets Manager and S3 |
//! | `sim` | simulated providers and their control plane |
//! | `guard`, `listener` | who may reach any of it, and where |
//! | `clock`, `ledger` | the one time, and what survives a restart |
//! | `credentials` | the published keys and secrets |
//! | `stopwatch` | the stand-ins' own time, to be left out of measurements |
//! | `terminal` | the log as a developer reads it |

pub mod aws;
pub mod clock;
pub mod command;
pub mod credentials;
pub mod functions;
pub mod gateway;
pub mod guard;
pub mod ledger;
pub mod listener;
mod random;
pub mod sim;
mod stopwatch;
mod terminal;
pub mod world;
