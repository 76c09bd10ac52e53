//! Twilio's records of calls, and their recordings (API reference, Call and Recording resources, read 2026-11).

use async_trait::async_trait;
use switchboard_core::Effect;

use super::Twilio;
use super::calls::sid_of;
use super::client::{CALL_READ, Outgoing, RECORDING_FETCH, RECORDING_LIST};
use super::signature::is_sid;
use super::wire::{self, CallRecord};
use crate::media::MediaHosts;
use crate::{
    Appears, CallRecords, CallSearch, ExternalId, FoundCall, KnownCall, ProviderError, ProviderErrorKind, Recording,
};

/// Where recordings are, beside the configured host. They are asked for by their names at the configured host alone.
const MEDIA_HOSTS: &[&str] = &[];

#[async_trait]
impl CallRecords for Twilio {
    async fn read(&self, call: &KnownCall<'_>) -> Result<Option<FoundCall>, ProviderError> {
        let Some(sid) = sid_of(call) else { return Ok(None) };
        let answer = match self.send(CALL_READ, Outgoing::get(format!("/Calls/{sid}.json"))).await {
            Ok(answer) => answer,
            Err(error) if matches!(error.kind, ProviderErrorKind::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let record = CallRecord::read_answer(&answer.body)
            .filter(|record| record.sid == sid)
            .ok_or_else(|| self.transport.unreadable(CALL_READ, "not the record of this call"))?;
        let mut found = record.found(CALL_READ.name);
        // Of a live call there is nothing to be fetched yet, and of one that nobody answered there never will be.
        if record.is_over() && found.observation.recording.is_none() {
            let list = Outgoing::get(format!("/Calls/{sid}/Recordings.json"));
            // That the call is over is worth more than its recording, which can be asked for again.
            if let Ok(page) = self.list_page(RECORDING_LIST, list, "recordings").await {
                found.observation.recording = wire::read_recordings(&page.items);
            }
        }
        Ok(Some(found))
    }

    async fn find(&self, search: &CallSearch<'_>) -> Result<Vec<FoundCall>, ProviderError> {
        let records = self.calls_within(search.to, search.since, search.until).await?;
        Ok(records.iter().map(|record| record.found("call find")).collect())
    }

    /// Twilio lists a call from the moment that it answers the request which placed it.
    fn appears(&self) -> Appears {
        Appears::AtOnce
    }

    async fn recording(&self, named: &str) -> Result<Recording, ProviderError> {
        let foreign = || {
            let kind = ProviderErrorKind::Unreachable("this does not name a recording of Twilio's");
            self.transport.error(RECORDING_FETCH, kind, Effect::None, None)
        };
        let sid = ExternalId::parse(named).filter(|sid| is_sid("RE", sid.as_str())).ok_or_else(foreign)?;
        let sid = &sid;
        self.as_accepted(RECORDING_FETCH, |credentials, operation| async move {
            let path = credentials.path(&format!("/Recordings/{sid}.mp3"));
            let address = format!("{}{path}", self.config.base_url);
            let hosts = MediaHosts { base_url: &self.config.base_url, listed: MEDIA_HOSTS };
            // An account may be set to want credentials for media.
            self.transport.media(operation, hosts, &address, |request| credentials.authorise(request)).await
        })
        .await
    }
}
