//! The Lambda function `call-end`; see the library beside this file.

use switchboard_lambda::{Boot, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let boot = Boot::start().await?;
    let app = call_end::App::compose(&boot)?;
    serve(app, call_end::ROUTES, call_end::handle).await
}
