//! What the simulated OpenAI answers when it says that it did what it did not do.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{Method, Uri};
use serde_json::{Map, Value};
use switchboard_core::Clock;

use super::chatkit::ChatKit;
use super::session::Session;
use super::{Openai, calls, client_secrets, models, new_id, offer, operation, peer};
use crate::sim::provider::Operation;

impl Openai {
    /// The answer to a request that was not served. An offer is answered by nobody in particular.
    pub(super) fn lie(&self, method: &Method, uri: &Uri, body: &Bytes) -> Response {
        let wish: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
        match operation(method, uri.path()) {
            Operation::Token => {
                let asked = wish.get("session").map(|session| Session::read("session", session, None));
                let session = asked.and_then(Result::ok).unwrap_or_else(|| Session::by_default(None));
                let expires_at = self.clock.now().plus(Duration::from_secs(600));
                Json(client_secrets::minted(&new_id("ek"), expires_at, &session)).into_response()
            }
            Operation::Sdp => calls::answered(&new_id("rtc"), peer::unattended(&offer::found_in(body))),
            Operation::Session => Json(self.chatkit.imagined(&wish)).into_response(),
            Operation::List => Json(ChatKit::threads()).into_response(),
            Operation::Status => Json(models::list()).into_response(),
            _ => ().into_response(),
        }
    }
}
