//! `GET /api/calls/{callId}`.

use http::StatusCode;
use switchboard_auth::Caller;
use switchboard_lambda::{ApiError, CallOut, Reply, Request, call_of};

use crate::{App, Operation};

pub(crate) async fn read(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let call = call_of(&app.shell, caller, request.parameter("callId")).await?;
    Reply::json(StatusCode::OK, &CallOut::new(&call, caller))
}
