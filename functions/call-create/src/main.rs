//! The Lambda function `call-create`; see the library beside this file.

use switchboard_core::PhoneNumber;
use switchboard_lambda::{Boot, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    PhoneNumber::prepare_plans();
    let boot = Boot::start().await?;
    let app = call_create::App::compose(&boot)?;
    serve(app, call_create::ROUTES, call_create::handle).await
}
