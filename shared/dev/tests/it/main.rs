//! Everything that needs more than one crate: the functions end to end in a [`World`](switchboard_dev::world::World), the store through the real
//! SDK, and the repository's own claims. One binary, so that the SDKs are linked once.

#![cfg(test)]

mod access;
mod agents;
mod bad_input;
mod browser_rules;
mod budget;
mod calls;
mod credits;
mod deployment;
mod events;
mod fold;
mod foreign;
mod hard_cases;
mod harness;
mod hooks;
mod idempotency;
mod installation;
mod invoke;
mod limits;
mod log_lines;
mod lost_names;
mod made_calls;
mod permissions;
mod placing;
mod process;
mod reading;
mod readme;
mod realtime;
mod repository;
mod restart;
mod rows;
mod shell;
mod signatures;
mod sizes;
mod smoke;
mod store;
mod storm;
mod talk;
mod tampers;
mod toll_fraud;
mod tour;
mod uploads;
mod voice;
mod webhooks;
mod wire;
