//! `POST /api/calls/{callId}/transcript`: what was said in a realtime call, as the page that holds it heard.
//!
//! Posts add up. One that begins with everything that is kept already, and goes on, replaces it: a page may send what is new, or all of
//! it each time.
//! What a page says proves neither an end nor a cost; nothing but the words is taken.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use switchboard_auth::{Caller, Principal};
use switchboard_core::{
    Artifact, ArtifactState, Call, CallId, Entry, EventId, Fault, Found, LegId, Observation, Personal, Role, Source,
    SpokenTurn, Transcript,
};
use switchboard_lambda::{ApiError, Object, Reply, Request, call_of};
use switchboard_store::{CallWrite, StoreError, Written};

use crate::{App, Operation};

/// Most turns of one post.
const MAX_TURNS: usize = 500;
/// Longest text of a turn, in characters: as much as is kept of one.
const MAX_TURN_CHARS: usize = 20_000;
/// The most that is kept of one call, in bytes of text and in turns. An hour of two who speak without a pause is a fifth of it; every
/// post writes the whole anew, in one transaction (4 MB at most).
const MAX_BYTES: usize = 1024 * 1024;
/// See [`MAX_BYTES`]: as many turns as a transcript holds.
const MAX_KEPT_TURNS: usize = 7_200;
/// How often a post is laid over a call that others change at the same time.
const ROUNDS: u32 = 8;

#[derive(Deserialize)]
struct WordsIn {
    turns: Vec<Object<TurnIn>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TurnIn {
    role: Role,
    text: String,
    at_secs: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WordsOut {
    call_id: CallId,
    status: ArtifactState,
    turns: u32,
}

pub(crate) async fn take(app: &App, caller: &Caller, request: &Request<Operation>) -> Result<Reply, ApiError> {
    let WordsIn { turns } = request.json()?;
    if turns.is_empty() || turns.len() > MAX_TURNS {
        return Err(ApiError::invalid("turns", format!("must be 1 to {MAX_TURNS} turns")));
    }
    let said: Vec<SpokenTurn> =
        turns.into_iter().enumerate().map(|(at, Object(turn))| spoken(at, turn)).collect::<Result<_, _>>()?;
    let mut call = page_call(app, caller, request.parameter("callId")).await?;
    for _ in 0..ROUNDS {
        let Some(leg) = call.leading().map(|leg| leg.id) else { break };
        let transcript = laid_over(kept(app, &call, leg).await?, &said);
        fits(&transcript)?;
        match write(app, &call, leg, &transcript).await? {
            Some(call) => return answer(&call, &transcript),
            None => call = page_call(app, caller, request.parameter("callId")).await?,
        }
    }
    Err(ApiError::new(Fault::Unavailable, "the call keeps changing; post the turns again"))
}

fn spoken(at: usize, turn: TurnIn) -> Result<SpokenTurn, ApiError> {
    let chars = turn.text.trim().chars().count();
    if (1..=MAX_TURN_CHARS).contains(&chars) {
        return Ok(SpokenTurn { role: turn.role, text: Personal::new(turn.text), at_secs: turn.at_secs });
    }
    let message = format!("must have 1 to {MAX_TURN_CHARS} characters that are no space; it has {chars}");
    Err(ApiError::invalid(format!("turns[{at}].text"), message))
}

/// Nothing is kept of a post that would make it too much, so that its page can tell.
fn fits(transcript: &Transcript) -> Result<(), ApiError> {
    let turns = transcript.turns();
    let bytes: usize = turns.iter().map(|turn| turn.text.expose().len()).sum();
    if bytes <= MAX_BYTES && turns.len() < MAX_KEPT_TURNS {
        return Ok(());
    }
    let message = "the transcript of one call holds at most 1 MB of text, in fewer than 7 200 turns; what was posted before is kept";
    Err(ApiError::new(Fault::PayloadTooLarge, message))
}

/// The realtime call that a path names. A page's token finds only what it has opened itself.
async fn page_call(app: &App, caller: &Caller, id: &str) -> Result<Call, ApiError> {
    let call = call_of(&app.shell, caller, id).await?;
    let page = matches!(caller.principal(), Principal::Session { .. });
    match &call.lease {
        Some(lease) if !page || lease.holder == caller.principal_key() => Ok(call),
        None if !page => {
            let message = "only a realtime call's page posts what was said; this call's provider tells it";
            Err(ApiError::new(Fault::UnsupportedByProvider, message)
                .with("nearest", "GET /api/calls/{callId}/transcript"))
        }
        _ => Err(ApiError::new(Fault::NotFound, "there is no such call")),
    }
}

/// What is kept of what was said.
async fn kept(app: &App, call: &Call, leg: LegId) -> Result<Vec<SpokenTurn>, ApiError> {
    let found = call.leg(leg).map(|leg| &leg.evidence.transcript);
    Ok(match found {
        Some(Found::Ready(outline)) => app.shell.store.call_transcript(call.id, &outline.value.fingerprint).await?,
        _ => Vec::new(),
    })
}

fn laid_over(kept: Vec<SpokenTurn>, said: &[SpokenTurn]) -> Transcript {
    let said = Transcript::new(said.iter().cloned());
    // The same word twice is said twice; the same conversation twice is a page that sends everything.
    let goes_on = said.turns().len() > kept.len() || kept.len() > 1;
    if goes_on && said.turns().starts_with(&kept) {
        return said;
    }
    Transcript::new(kept.into_iter().chain(said.turns().iter().cloned()))
}

/// `None` if somebody else has changed the call.
async fn write(app: &App, call: &Call, leg: LegId, transcript: &Transcript) -> Result<Option<Call>, ApiError> {
    let now = app.shell.now();
    let mut heard = Observation::new(Source::Page, "transcript");
    heard.transcript = Some(Artifact::Ready(transcript.clone()));
    let mut after = call.clone();
    let observed = after.observe(leg, &heard, now);
    let entry = Entry {
        event_id: EventId::generate(now),
        at: None,
        received_at: now,
        source: Source::Page,
        provider: call.provider(),
        leg_id: Some(leg),
        kind: heard.kind.clone(),
        applied: observed.applied,
        note: observed.note,
    };
    let wins = observed.transcript_wins.then_some(transcript);
    let write = CallWrite { before: Some(call), entries: vec![entry], transcript: wins, ..CallWrite::default() };
    match app.shell.store.call_write(after, &write).await {
        Ok(Written::Done(call)) => Ok(Some(*call)),
        // DynamoDB tells a lost race in either way.
        Ok(Written::Refused(_)) | Err(StoreError::Contended { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn answer(call: &Call, transcript: &Transcript) -> Result<Reply, ApiError> {
    let turns = u32::try_from(transcript.turns().len()).unwrap_or(u32::MAX);
    Reply::json(StatusCode::ACCEPTED, &WordsOut { call_id: call.id, status: call.transcript_state(), turns })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(text: &str) -> SpokenTurn {
        SpokenTurn { role: Role::User, text: Personal::new(text), at_secs: None }
    }

    #[test]
    fn posts_add_up_whether_a_page_sends_what_is_new_or_everything() {
        let texts = |transcript: &Transcript| {
            transcript.turns().iter().map(|turn| turn.text.expose().to_owned()).collect::<Vec<_>>()
        };
        let first = laid_over(Vec::new(), &[turn("a")]);
        let new = laid_over(first.turns().to_vec(), &[turn("b")]);
        let all = laid_over(first.turns().to_vec(), &[turn("a"), turn("b")]);
        assert_eq!(texts(&new), ["a", "b"]);
        assert_eq!(texts(&all), ["a", "b"]);
        assert_eq!(texts(&laid_over(all.turns().to_vec(), &[turn("a"), turn("b")])), ["a", "b"]);
        assert_eq!(texts(&laid_over(first.turns().to_vec(), &[turn("a")])), ["a", "a"]);
        // What is only like the beginning is new.
        assert_eq!(texts(&laid_over(all.turns().to_vec(), &[turn("a")])), ["a", "b", "a"]);
    }
}
