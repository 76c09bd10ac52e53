//! `POST /api/realtime/translate`: beta-shaped options, or a whole `session.update`, in the words of today's API. Nothing is sent.

use http::StatusCode;
use serde_json::{Map, Value};
use switchboard_lambda::{ApiError, Reply, Request};
use switchboard_providers::openai::translate;

use crate::Operation;
use crate::wish::{bad_options, take};

pub(crate) fn translate(request: &Request<Operation>) -> Result<Reply, ApiError> {
    let mut body = request.json::<Map<String, Value>>()?;
    let substitute = take(&mut body, "substituteVoice")?.unwrap_or(false);
    let translated = translate::event(&body, substitute).map_err(|bad| bad_options(&bad))?;
    Reply::json(StatusCode::OK, &translated)
}
