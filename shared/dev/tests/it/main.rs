//! Everything that needs more than one crate: the functions end to end in a [`World`](switchboard_dev::world::World), the store through the real
//! SDK, and the repository's own claims. One binary, so that the SDKs are linked once.

mod harness;
mod restart;
mod limits;
mod installation;
mod idempotency;
mod smoke;
mod store;
