//! The Lambda function `call-read`; see the library beside this file.

use switchboard_lambda::{Boot, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let boot = Boot::start().await?;
    let app = call_read::App::compose(&boot)?;
    serve(app, call_read::ROUTES, call_read::handle).await
}
