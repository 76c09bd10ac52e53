//! Multipart forms, as the recorder lists them and as the simulators read them.

use axum::body::Body;
use axum::extract::{FromRequest, Multipart};
use bytes::Bytes;
use http::Request;
use http::request::Parts;

/// One part of a multipart form.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) filename: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Bytes,
}

/// The parts of a form in their order; the error says what is wrong with it.
///
/// The request must have come through a router whose own body limit is off: the caller has limited the body.
pub(crate) async fn parts_of(head: &Parts, body: &Bytes) -> Result<Vec<Part>, String> {
    let request = Request::from_parts(head.clone(), Body::from(body.clone()));
    let mut form = Multipart::from_request(request, &()).await.map_err(|error| error.body_text())?;
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| error.body_text())? {
        let name = field.name().unwrap_or_default().to_owned();
        let filename = field.file_name().map(str::to_owned);
        let content_type = field.content_type().map(str::to_owned);
        let bytes = field.bytes().await.map_err(|error| error.body_text())?;
        parts.push(Part { name, filename, content_type, bytes });
    }
    Ok(parts)
}
