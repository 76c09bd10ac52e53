//! What the person says in a turn: checked down to the first bytes before anybody is asked to listen to it.

use std::borrow::Cow;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use serde::Deserialize;
use switchboard_core::{AudioType, Fault, MAX_AUDIO_BYTES, MAX_TEXT_CHARS, Personal, SessionId, TurnId, UploadId};
use switchboard_lambda::ApiError;
use switchboard_providers::Audio;
use switchboard_store::{BucketError, Claimed, Upload};

use crate::App;

/// Standard base64, with or without padding: both are common, neither is ambiguous.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The request's `input`. One form for all three kinds, so that each error can name its field.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InputIn<'a> {
    r#type: Kind,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    mime_type: Option<String>,
    upload_id: Option<String>,
}

/// Borrowed from the request's body: a recording is copied once, when it is decoded.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Content<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Text,
    Audio,
}

/// What the person says, valid in form.
#[derive(Debug)]
pub(crate) enum Input {
    /// A text.
    Text(Personal),
    /// A recording that came with the request.
    Audio(Audio),
    /// A recording that was uploaded before.
    Upload(UploadId),
}

impl Input {
    /// # Errors
    /// 400 naming the field.
    pub(crate) fn read(input: &InputIn<'_>) -> Result<Self, ApiError> {
        match (input.r#type, &input.content, &input.upload_id) {
            (Kind::Text, Some(text), _) => read_text(&text.0),
            (Kind::Audio, Some(_), Some(_)) => {
                Err(ApiError::invalid("input", "has both content and uploadId; a recording is one or the other"))
            }
            (Kind::Audio, Some(content), None) => read_audio(&content.0, input.mime_type.as_deref()),
            (Kind::Audio, None, Some(id)) => UploadId::parse(id).map(Self::Upload).ok_or_else(unknown_upload),
            (Kind::Text | Kind::Audio, None, _) => Err(ApiError::invalid("input.content", "is required")),
        }
    }
}

fn read_text(text: &str) -> Result<Input, ApiError> {
    let chars = text.chars().count();
    if text.trim().is_empty() {
        return Err(ApiError::invalid("input.content", "is empty"));
    }
    if chars > MAX_TEXT_CHARS {
        return Err(ApiError::invalid(
            "input.content",
            format!("has {chars} characters; at most {MAX_TEXT_CHARS} are taken"),
        ));
    }
    Ok(Input::Text(Personal::new(text)))
}

fn read_audio(content: &str, mime_type: Option<&str>) -> Result<Input, ApiError> {
    let audio_type = read_audio_type("input.mimeType", mime_type)?;
    let bytes = BASE64.decode(content.as_bytes()).map_err(|_| {
        ApiError::invalid("input.content", "is not base64 (standard alphabet, no spaces, no data: prefix)")
    })?;
    let bytes = Bytes::from(bytes);
    check_recording("input.content", audio_type, &bytes)?;
    Ok(Input::Audio(Audio { audio_type, bytes }))
}

/// Reads the media type of a recording.
///
/// # Errors
/// 400 naming `field`.
pub(crate) fn read_audio_type(field: &str, mime_type: Option<&str>) -> Result<AudioType, ApiError> {
    let mime_type = mime_type.ok_or_else(|| ApiError::invalid(field, "is required"))?;
    AudioType::parse(mime_type).ok_or_else(|| {
        let taken: Vec<_> = AudioType::ALL.iter().map(|audio_type| audio_type.as_str()).collect();
        ApiError::invalid(field, format!("must be one of {}", taken.join(", ")))
    })
}

fn check_recording(field: &str, audio_type: AudioType, bytes: &Bytes) -> Result<(), ApiError> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if length == 0 {
        return Err(ApiError::invalid(field, "is an empty recording"));
    }
    if length > MAX_AUDIO_BYTES {
        return Err(ApiError::invalid(field, format!("has {length} bytes; at most {MAX_AUDIO_BYTES} are taken")));
    }
    let head = bytes.get(..AudioType::MAGIC_BYTES).unwrap_or(bytes);
    if !audio_type.matches(head) {
        return Err(ApiError::invalid(field, format!("does not begin like {}", audio_type.as_str())));
    }
    Ok(())
}

/// Takes an uploaded recording for a turn. On an error the ticket is given back.
///
/// # Errors
/// 404 for a ticket that is unknown in this session, 409 for one that was used, has expired or has no bytes yet, 400 or 413
/// for bytes that are not what the ticket was for.
pub(crate) async fn claim(app: &App, id: UploadId, session: SessionId, turn: TurnId) -> Result<Audio, ApiError> {
    let upload = match app.shell.store.upload_claim(id, session, turn).await? {
        Claimed::Yes(upload) => upload,
        Claimed::Unknown => return Err(unknown_upload()),
        Claimed::Used => {
            return Err(ApiError::new(
                Fault::Conflict,
                "this upload was used in another turn; upload the recording again",
            ));
        }
        Claimed::Expired => {
            return Err(ApiError::new(
                Fault::Conflict,
                "this upload has expired; ask for a new one with POST /api/voice/uploads",
            ));
        }
    };
    let fetched = fetch(app, &upload).await;
    if fetched.is_err() {
        release(app, id, turn).await;
    }
    fetched
}

async fn fetch(app: &App, upload: &Upload) -> Result<Audio, ApiError> {
    let bytes = match app.shell.bucket()?.get(&upload.object_key(), upload.bytes).await {
        Ok(bytes) => bytes,
        Err(BucketError::Missing { .. }) => {
            return Err(ApiError::new(
                Fault::Conflict,
                "nothing has been uploaded yet; PUT the recording to the url first",
            ));
        }
        Err(error) => return Err(error.into()),
    };
    if u64::try_from(bytes.len()).ok() != Some(upload.bytes) {
        let message = format!("has {} bytes where {} were announced", bytes.len(), upload.bytes);
        return Err(ApiError::invalid("input.uploadId", message));
    }
    check_recording("input.uploadId", upload.audio_type, &bytes)?;
    Ok(Audio { audio_type: upload.audio_type, bytes })
}

/// Gives a ticket back, so that the same recording can be tried again.
pub(crate) async fn release(app: &App, id: UploadId, turn: TurnId) {
    if let Err(error) = app.shell.store.upload_release(id, turn).await {
        tracing::warn!(%error, "an upload ticket stays taken; its recording must be uploaded again");
    }
}

fn unknown_upload() -> ApiError {
    ApiError::not_found("no such upload in this session")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field_of(json: &str) -> String {
        let input: InputIn<'_> = serde_json::from_str(json).unwrap();
        let error = Input::read(&input).unwrap_err();
        error.details().first().map_or_else(|| format!("{:?}", error.fault()), |detail| detail.field.clone())
    }

    #[test]
    fn each_wrong_input_names_its_field() {
        let long = format!(r#"{{"type":"text","content":"{}"}}"#, "é".repeat(MAX_TEXT_CHARS + 1));
        for (json, field) in [
            (r#"{"type":"text"}"#, "input.content"),
            (r#"{"type":"text","content":" \n"}"#, "input.content"),
            (long.as_str(), "input.content"),
            (r#"{"type":"audio"}"#, "input.content"),
            (r#"{"type":"audio","content":"UklGRg=="}"#, "input.mimeType"),
            (r#"{"type":"audio","content":"UklGRg==","mimeType":"video/mp4"}"#, "input.mimeType"),
            (r#"{"type":"audio","content":"not base64!","mimeType":"audio/wav"}"#, "input.content"),
            (r#"{"type":"audio","content":"","mimeType":"audio/wav"}"#, "input.content"),
            (r#"{"type":"audio","content":"PGh0bWw+PC9odG1sPg==","mimeType":"audio/wav"}"#, "input.content"),
            (r#"{"type":"audio","content":"AA","uploadId":"upl_1","mimeType":"audio/wav"}"#, "input"),
            (r#"{"type":"audio","uploadId":"upl_1"}"#, "NotFound"),
        ] {
            assert_eq!(field_of(json), field, "{json}");
        }
    }

    #[test]
    fn a_recording_is_taken_with_or_without_padding() {
        for content in ["UklGRiQAAABXQVZF", "UklGRiQAAABXQVZFAA==", "UklGRiQAAABXQVZFAA"] {
            let json = format!(r#"{{"type":"audio","content":"{content}","mimeType":"audio/x-wav"}}"#);
            let input: InputIn<'_> = serde_json::from_str(&json).unwrap();
            assert!(matches!(&input.content, Some(Content(Cow::Borrowed(_)))));
            assert!(matches!(Input::read(&input), Ok(Input::Audio(_))), "{content}");
        }
    }

    #[test]
    fn the_longest_text_counts_characters_not_bytes() {
        let json = format!(r#"{{"type":"text","content":"{}"}}"#, "é".repeat(MAX_TEXT_CHARS));
        assert!(Input::read(&serde_json::from_str(&json).unwrap()).is_ok());
    }
}
