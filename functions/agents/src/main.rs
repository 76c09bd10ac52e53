//! The Lambda function `agents`; see the library beside this file.

use switchboard_lambda::{Boot, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let boot = Boot::start().await?;
    let app = agents::App::compose(&boot)?;
    serve(app, agents::ROUTES, agents::handle).await
}
