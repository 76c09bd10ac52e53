//! The multipart form of a turn by voice (RFC 7578), written around the recording without copying it.
//!
//! The request's signature covers the raw body, so that the form must be known byte for byte before it is sent; it is kept
//! as chunks, of which the recording is one, shared with whoever received it.

use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use switchboard_core::{Context, SessionId};

use crate::Audio;

/// A body in pieces that are shared, not copied.
#[derive(Clone, Debug, Default)]
pub(super) struct Chunks(Vec<Bytes>);

impl Chunks {
    pub(super) fn none() -> Self {
        Self(Vec::new())
    }

    pub(super) fn one(bytes: Bytes) -> Self {
        Self(vec![bytes])
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Bytes::is_empty)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bytes> {
        self.0.iter()
    }

    /// A body that sends the pieces one after the other and knows its length.
    pub(super) fn to_body(&self) -> reqwest::Body {
        let mut chunks = self.0.clone();
        chunks.reverse();
        reqwest::Body::wrap(ChunkedBody { reversed: chunks })
    }
}

struct ChunkedBody {
    /// Last one first, so that the next is popped.
    reversed: Vec<Bytes>,
}

impl Body for ChunkedBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(self.reversed.pop().map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.reversed.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.reversed.iter().map(|chunk| u64::try_from(chunk.len()).unwrap_or(u64::MAX)).sum())
    }
}

/// The form: `sessionId`, `context` (JSON), `audio`.
#[derive(Debug)]
pub(super) struct AudioForm {
    pub(super) content_type: String,
    pub(super) body: Chunks,
}

impl AudioForm {
    /// # Errors
    /// If the operating system has no random numbers for a boundary.
    pub(super) fn new(session: SessionId, audio: Audio, context: &Context) -> Result<Self, getrandom::Error> {
        // 128 random bits do not occur in a recording by chance, and cannot be put there by somebody who does not know them.
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random)?;
        let boundary: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let head = format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"sessionId\"\r\n\r\n{session}\r\n\
             --{boundary}\r\ncontent-disposition: form-data; name=\"context\"\r\ncontent-type: application/json\r\n\r\n{}\r\n\
             --{boundary}\r\ncontent-disposition: form-data; name=\"audio\"; filename=\"audio.{}\"\r\ncontent-type: {}\r\n\r\n",
            context.to_json(),
            audio.audio_type.extension(),
            audio.audio_type.as_str(),
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        Ok(Self {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            body: Chunks(vec![Bytes::from(head), audio.bytes, Bytes::from(tail)]),
        })
    }
}

#[cfg(test)]
mod tests {
    use switchboard_core::{AudioType, Timestamp};

    use super::*;

    #[test]
    fn the_recording_is_shared_with_the_form_and_the_length_is_known() {
        let bytes = Bytes::from(vec![7_u8; 100_000]);
        let audio = Audio { audio_type: AudioType::Wav, bytes: bytes.clone() };
        let session = SessionId::generate(Timestamp::from_epoch_secs(1));
        let form = AudioForm::new(session, audio, &Context::default()).unwrap();
        let shared = form.body.iter().nth(1).unwrap();
        assert_eq!(shared.as_ptr(), bytes.as_ptr());
        let total: usize = form.body.iter().map(Bytes::len).sum();
        let body = ChunkedBody { reversed: form.body.0 };
        assert_eq!(body.size_hint().exact(), Some(total as u64));
    }
}
