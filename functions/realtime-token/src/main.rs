//! The Lambda function `realtime-token`; see the library beside this file.

use switchboard_lambda::{Boot, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let boot = Boot::start().await?;
    let app = realtime_token::App::compose(&boot)?;
    serve(app, realtime_token::ROUTES, realtime_token::handle).await
}
