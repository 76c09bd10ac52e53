//! The Lambda function `session`; see the library beside this file.

use switchboard_lambda::{Boot, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let boot = Boot::start().await?;
    let app = session::App::compose(&boot)?;
    serve(app, session::ROUTES, session::handle).await
}
