//! Voice sessions end to end: opened, talked in, read, changed, timed out and ended as the contract has it.

mod context;
mod ending;
mod history;
mod opening;
mod public;
mod slots;
mod timeout;
mod tokens;
mod turns;
mod upstream;
