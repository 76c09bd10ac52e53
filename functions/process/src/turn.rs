//! `POST /api/voice/process`.

use std::future::Future;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use switchboard_auth::Caller;
use switchboard_core::{Effect, EndedBy, Fault, Personal, Role, Session, SessionId, Timestamp, Turn, TurnId, UploadId};
use switchboard_lambda::{ApiError, Mint, Object, Reply, Request, session_id, session_of, session_unusable};
use switchboard_providers::{
    Provider, ProviderError, ProviderErrorKind, ReplyAudio, TurnInput, TurnReply, TurnRequest,
};
use switchboard_store::Upload;

use crate::input::{self, Input, InputIn};
use crate::{App, Operation};

/// The largest spoken answer that travels in the JSON, in bytes. A larger one goes by the bucket, because the whole answer
/// may have to be kept in one table item.
const MAX_INLINE_REPLY: usize = 64 * 1024;
/// How long the bucket is waited for once the turn is recorded: it is about a sound, or about tidying up.
const BUCKET_PATIENCE: Duration = Duration::from_secs(2);
/// What is kept back of the time that Lambda gives, to record a turn once it was taken.
const TIME_TO_RECORD: Duration = Duration::from_secs(5);
/// The shortest time in which a provider can be expected to answer.
const SHORTEST_TURN: Duration = Duration::from_secs(2);
/// How long the URL of a spoken answer holds, in seconds.
const REPLY_URL_SECS: u64 = 3_600;

/// The request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProcessIn<'a> {
    session_id: String,
    #[serde(borrow)]
    input: Object<InputIn<'a>>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProcessOut<'a> {
    session_id: SessionId,
    turn_id: TurnId,
    #[serde(skip_serializing_if = "Option::is_none")]
    transcription: Option<&'a Personal>,
    response: ResponseOut<'a>,
    context: &'a Map<String, Value>,
    /// Whether what the agent wanted to remember is in `context`; `false` only if it would have grown beyond its limit, or
    /// the session was ended in the meantime.
    context_applied: bool,
    actions: &'a [Value],
    /// From the request's arrival to the answer, in milliseconds.
    latency_ms: u64,
}

#[derive(Debug, Serialize)]
struct ResponseOut<'a> {
    text: &'a Personal,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<AudioOut<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AudioOut<'a> {
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

pub(crate) async fn process(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let begun_at = app.shell.now();
    let asked: ProcessIn<'_> = request.json()?;
    let id = session_id("sessionId", &asked.session_id)?;
    let input = Input::read(&asked.input.0)?;
    let session = session_of(&app.shell, caller, id).await?;
    session.usable(begun_at).map_err(session_unusable)?;

    let turn_id = TurnId::generate(begun_at);
    let upload = match &input {
        Input::Upload(upload) => Some(*upload),
        Input::Text(_) | Input::Audio(_) => None,
    };
    let (reply, said) = take(app, &session, turn_id, input, request.time_left(app.shell.now())).await?;
    let answered_at = app.shell.now();
    let utterance = |role, text: &Personal, at: Timestamp| Turn { turn_id, role, text: text.clone(), at };
    let turns = [utterance(Role::User, &said, begun_at), utterance(Role::Agent, &reply.text, answered_at)];
    let patch = reply.context.as_ref().map(|theirs| session.context.differences(theirs)).unwrap_or_default();
    let recorded = app
        .shell
        .store
        .turn_record(&session, &turns, &patch, answered_at.plus(app.session_timeout))
        .await
        // The provider has taken the turn, whatever became of our record of it.
        .map_err(|error| ApiError::from(error).with_possible_effect().with("turnId", turn_id.to_string()))?;

    let latency = app.shell.now().since(begun_at);
    let ((audio, download), ()) = tokio::join!(spoken(app, turn_id, reply.audio.as_ref()), discard(app, upload));
    let body = ProcessOut {
        session_id: id,
        turn_id,
        transcription: reply.transcription.as_ref(),
        response: ResponseOut { text: &reply.text, audio },
        context: recorded.context.as_object(),
        context_applied: recorded.context_applied,
        actions: &reply.actions,
        latency_ms: u64::try_from(latency.as_millis()).unwrap_or(u64::MAX),
    };
    let answer = Reply::json(StatusCode::OK, &body)?;
    Ok(match download {
        Some(key) => answer.minting("response.audio.url", Mint::Download { key, valid_secs: REPLY_URL_SECS }),
        None => answer,
    })
}

/// Has the provider take the turn; gives its reply and what the person said in words.
async fn take(
    app: &App,
    session: &Session,
    turn: TurnId,
    input: Input,
    time_left: Duration,
) -> Result<(TurnReply, Personal), ApiError> {
    // A turn that cannot be recorded any more once it was taken is better not begun.
    let within = time_left.saturating_sub(TIME_TO_RECORD);
    if within < SHORTEST_TURN {
        let error = ApiError::new(Fault::Unavailable, "there is not enough time left for a turn; try again");
        return Err(error.with_retry_after(Duration::from_secs(1)));
    }
    let ask = async |input| ask(app, session, turn, input, within).await;
    match input {
        Input::Text(text) => {
            let reply = ask(TurnInput::Text(&text)).await?;
            Ok((reply, text))
        }
        Input::Audio(audio) => {
            let reply = ask(TurnInput::Audio(audio)).await?;
            let said = reply.transcription.clone().unwrap_or_default();
            Ok((reply, said))
        }
        Input::Upload(upload) => {
            let audio = input::claim(app, upload, session.id, turn).await?;
            match ask(TurnInput::Audio(audio)).await {
                Ok(reply) => {
                    let said = reply.transcription.clone().unwrap_or_default();
                    Ok((reply, said))
                }
                Err(error) => {
                    // What the provider certainly did not hear may be said again with the same upload.
                    if error.effect() == Effect::None {
                        input::release(app, upload, turn).await;
                    }
                    Err(error)
                }
            }
        }
    }
}

async fn ask(
    app: &App,
    session: &Session,
    turn: TurnId,
    input: TurnInput<'_>,
    within: Duration,
) -> Result<TurnReply, ApiError> {
    app.take_budget(session).await?;
    let request = TurnRequest { session: session.id, input, context: &session.context, within };
    match app.turns_of(session.provider)?.take(request).await {
        Ok(reply) => Ok(reply),
        Err(error) if matches!(error.kind, ProviderErrorKind::NotFound(_)) => Err(dropped(app, session, error).await),
        Err(error) => {
            let possible = error.effect == Effect::Possible;
            let error = ApiError::from(error).with("sessionId", session.id.to_string());
            Err(if possible { error.with("turnId", turn.to_string()) } else { error })
        }
    }
}

/// A provider that does not know the conversation any more has ended it; so it is ended here, once the provider is seen to
/// answer at all: a wrong address gives 404 for everything, and must not end every session that speaks.
async fn dropped(app: &App, session: &Session, error: ProviderError) -> ApiError {
    match app.omi.account() {
        Some(account) if account.reachable().await.is_ok() => {}
        _ => return ProviderError { kind: ProviderErrorKind::Failed(404), ..error }.into(),
    }
    tracing::warn!(%error, "the provider has dropped a session");
    match app.shell.store.session_end(session, EndedBy::Provider, app.shell.now()).await {
        Ok(_) => {
            let message =
                format!("{} has ended this session; open a new one with POST /api/voice/session", session.provider);
            ApiError::new(Fault::SessionEnded, message)
        }
        Err(error) => error.into(),
    }
}

/// A recording is of no use once it was heard. If it cannot be removed now, the bucket's lifecycle does it within a day.
async fn discard(app: &App, upload: Option<UploadId>) {
    let Some(upload) = upload else { return };
    let key = Upload::key_of(upload);
    let removed = in_time(async { Ok(app.shell.bucket()?.delete(&key).await?) }).await;
    if let Err(error) = removed {
        tracing::warn!(fault = ?error.fault(), "a used recording stays until the bucket's lifecycle removes it");
    }
}

/// Work on the bucket that an answer must not wait for longer than [`BUCKET_PATIENCE`].
async fn in_time<T>(work: impl Future<Output = Result<T, ApiError>> + Send) -> Result<T, ApiError> {
    match tokio::time::timeout(BUCKET_PATIENCE, work).await {
        Ok(outcome) => outcome,
        Err(_) => Err(ApiError::new(Fault::Unavailable, "the bucket does not answer in time")),
    }
}

/// The spoken answer: in the JSON if it is small, else in the bucket under the key that is given back. The words are there
/// in any case, so that a bucket that is down costs only the sound.
async fn spoken<'a>(app: &App, turn: TurnId, audio: Option<&'a ReplyAudio>) -> (Option<AudioOut<'a>>, Option<String>) {
    let Some(audio) = audio else { return (None, None) };
    let mime_type = audio.mime_type.as_str();
    if audio.bytes.len() <= MAX_INLINE_REPLY {
        return (Some(AudioOut { mime_type, content: Some(STANDARD.encode(&audio.bytes)) }), None);
    }
    let key = format!("replies/{turn}");
    let bytes = audio.bytes.clone();
    let stored = in_time(async { Ok(app.shell.bucket()?.put(&key, "application/octet-stream", bytes).await?) }).await;
    match stored {
        Ok(()) => (Some(AudioOut { mime_type, content: None }), Some(key)),
        Err(error) => {
            tracing::warn!(fault = ?error.fault(), "a spoken answer could not be stored and is left out");
            (None, None)
        }
    }
}
