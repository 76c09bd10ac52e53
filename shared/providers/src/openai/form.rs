//! The form that opens a brokered call (RFC 7578): the browser's offer and the session, each part with the media type that the
//! API reads it by.

use bytes::Bytes;
use serde_json::Value;

/// The media type of session descriptions (RFC 8866).
pub(super) const SDP: &str = "application/sdp";

/// The form: `sdp`, then `session`.
#[derive(Debug)]
pub(super) struct CallForm {
    pub(super) media_type: String,
    pub(super) body: Bytes,
}

impl CallForm {
    /// # Errors
    /// If the operating system has no random numbers for a boundary.
    pub(super) fn new(offer: &str, session: &Value) -> Result<Self, getrandom::Error> {
        // 128 random bits do not occur in an offer by chance, and cannot be put there by somebody who does not know them.
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random)?;
        let boundary: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let part = |name: &str, media_type: &str, content: &str| {
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\nContent-Type: {media_type}\r\n\r\n{content}\r\n"
            )
        };
        let (sdp, session) = (part("sdp", SDP, offer), part("session", "application/json", &session.to_string()));
        Ok(Self {
            media_type: format!("multipart/form-data; boundary={boundary}"),
            body: Bytes::from(format!("{sdp}{session}--{boundary}--\r\n")),
        })
    }
}
