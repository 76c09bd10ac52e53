//! The local world of Switchboard: everything around the functions that AWS and the providers are in production.
//!
//! Never deployed: no function may depend on this crate.

pub mod aws;
pub mod clock;
pub mod gateway;
pub mod guard;
pub mod ledger;
pub mod listener;
mod random;
pub mod sim;
