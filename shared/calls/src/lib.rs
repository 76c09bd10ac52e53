//! What is done about a call after it was placed, by whichever function comes to it: an end that was asked for, a delivery
//! that must be looked up, a sweep.
//!
//! Each operation reads a provider's record or asks something of it, and writes down what came of that; the rules of what
//! follows are [`Call`]'s own. This crate knows the store and the providers; it must not know HTTP requests, Lambda, or who
//! is asking.
//!
//! | module | what |
//! |---|---|
//! | `desk` | [`Desk`]: store and providers together |
//! | `reception` | answering a call that came in |
//! | `placing` | the fence before a dial, and what came of it |
//! | `look` | reading the provider's record of an attempt |
//! | `ladder` | ending an attempt, rung by rung |
//! | `settle` | finding out what became of an attempt whose answer was lost |
//! | `drain` | applying what was delivered before its call was known |
//! | `keep` | fetching a recording |
//!
//! [`Call`]: switchboard_core::Call

mod desk;
mod drain;
mod keep;
mod ladder;
mod look;
mod placing;
mod reception;
mod settle;

pub use desk::{Desk, DeskError, known_call};
pub use ladder::has_rung;
pub use look::{Looked, Review};
pub use placing::{Attempt, Fenced};
pub use settle::Settled;
