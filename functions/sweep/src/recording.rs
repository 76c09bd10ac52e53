//! Copying a recording to the bucket, once: providers keep them for as long as they like, at addresses of their own.

use switchboard_calls::DeskError;
use switchboard_core::Call;
use switchboard_store::Change;

use crate::App;
use crate::duty::change;

/// Copies the recording of a call that has ended. After the last try it counts as lost.
pub(crate) async fn copy(app: &App, call: Call, last_try: bool) -> Result<Call, DeskError> {
    let fetched = app.desk.fetch_recording(&call).await;
    let now = app.shell.now();
    let recording = match fetched {
        Ok(Some(recording)) => recording,
        Ok(None) => return Ok(call),
        Err(error) if last_try => {
            tracing::warn!(%error, "a recording is given up");
            return change(app, call, |call| {
                call.recording_lost(now);
                Some(Change::default())
            })
            .await;
        }
        Err(error) => return Err(error),
    };
    let key = format!("recordings/{}.{}", call.id, extension(recording.mime_type));
    let put = match app.shell.bucket.as_ref() {
        Some(bucket) => bucket.put(&key, recording.mime_type, recording.bytes).await,
        None => return Ok(call),
    };
    if let Err(error) = put {
        // It is due again, and the provider still has it.
        tracing::warn!(%error, "a recording could not be kept");
        return Ok(call);
    }
    change(app, call, |call| {
        call.recording_copied(key.clone(), now);
        Some(Change::default())
    })
    .await
}

fn extension(mime_type: &str) -> &'static str {
    if mime_type == "audio/wav" { "wav" } else { "mp3" }
}
