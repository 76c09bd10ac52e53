//! The Lambda function `sweep`; see the library beside this file.

use switchboard_lambda::{Boot, serve_schedule};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let boot = Boot::start().await?;
    let app = sweep::App::compose(&boot)?;
    serve_schedule(app, sweep::run).await
}
