//! Identifiers that nobody can guess, for the stand-ins' answers. It does not know what they identify.

use uuid::{Builder, Uuid};

/// A version 4 UUID from the system's generator.
pub(crate) fn uuid() -> Uuid {
    let mut bytes = [0_u8; 16];
    // Where the system has no randomness left, a fixed id is still a well-formed one; nothing secret is made of it.
    let _ = getrandom::fill(&mut bytes);
    Builder::from_random_bytes(bytes).into_uuid()
}
