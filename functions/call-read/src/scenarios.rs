//! `GET /api/scenarios`, `GET /api/scenarios/{id}`: what calls can be placed with. They are the installation's, the same for
//! every tenant.

use http::StatusCode;
use serde::Serialize;
use switchboard_core::{Fault, Scenario};
use switchboard_lambda::{ApiError, Reply, Request};

use crate::Operation;

/// The answer.
#[derive(Debug, Serialize)]
struct ScenariosOut {
    scenarios: &'static [Scenario],
}

pub(crate) fn scenarios() -> Result<Reply, ApiError> {
    Reply::json(StatusCode::OK, &ScenariosOut { scenarios: Scenario::all() })
}

pub(crate) fn scenario(request: &Request<Operation>) -> Result<Reply, ApiError> {
    let none = || ApiError::new(Fault::NotFound, "there is no such scenario; GET /api/scenarios lists them");
    Reply::json(StatusCode::OK, Scenario::find(request.parameter("id")).ok_or_else(none)?)
}
