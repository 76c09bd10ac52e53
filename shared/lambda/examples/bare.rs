//! The smallest function there is: `lambda_http` and nothing of ours. `cargo dev bench start` measures the functions against it, built in the
//! same profile, so that a machine's speed does not matter.

use std::convert::Infallible;

use lambda_http::{Body, Request, Response, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(service_fn(async |_: Request| Ok::<_, Infallible>(Response::new(Body::Empty)))).await
}
