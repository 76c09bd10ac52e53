//! Twilio's statuses in our words (API reference, "Call status values" and "SipResponseCode", read 2026-11).

use switchboard_core::{Artifact, EndClaim, EndReason, Observation, Progress};

/// What Twilio says about where a call stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing<'a> {
    /// `CallStatus`, or `status` of the record.
    pub(super) status: &'a str,
    /// The last SIP response, where a callback tells it.
    pub(super) sip_code: Option<u16>,
    /// Who or what answered, where the call was placed with the detection of machines.
    pub(super) answered_by: Option<&'a str>,
}

/// Where a call stands, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It goes on.
    Live(Progress),
    /// It is over.
    Over(EndClaim),
    /// A status that nobody had heard of when this was written. It says nothing.
    Unheard,
}

impl Standing<'_> {
    /// The mapping, total over statuses, SIP codes and kinds of callees.
    pub(super) fn meaning(&self) -> Meaning {
        let reason = match self.status {
            // `initiated` is a callback's word for what the record calls `queued`.
            "queued" | "initiated" => return Meaning::Live(Progress::Dialing),
            "ringing" => return Meaning::Live(Progress::Ringing),
            "in-progress" => return Meaning::Live(Progress::InProgress),
            "completed" if self.answered_by.is_some_and(|who| who.starts_with("machine")) => EndReason::Voicemail,
            "completed" => EndReason::Completed,
            "busy" => EndReason::Busy,
            "no-answer" => EndReason::NoAnswer,
            "canceled" => EndReason::EndedByRequest,
            "failed" => failed(self.sip_code),
            _ => return Meaning::Unheard,
        };
        let raw = match self.sip_code {
            Some(code) if self.status == "failed" => format!("failed (SIP {code})"),
            _ => self.status.to_owned(),
        };
        Meaning::Over(EndClaim::new(reason, raw))
    }

    /// Whether the call was ever answered, as far as its end tells.
    fn was_answered(&self) -> bool {
        self.status == "completed"
    }

    /// Writes down what follows. Twilio keeps no transcript, no summary and no analysis, and of a call that nobody answered no
    /// recording; it says so with the end.
    pub(super) fn tell(&self, observation: &mut Observation) {
        match self.meaning() {
            Meaning::Live(progress) => observation.progress = Some(progress),
            Meaning::Over(end) => {
                observation.end = Some(end);
                observation.transcript = Some(Artifact::None);
                observation.summary = Some(Artifact::None);
                observation.analysis = Some(Artifact::None);
                if !self.was_answered() && observation.recording.is_none() {
                    observation.recording = Some(Artifact::None);
                }
            }
            Meaning::Unheard => {}
        }
    }
}

/// Why a call failed, by the SIP response of whoever refused it (RFC 3261 §21, RFC 8197, RFC 8688).
fn failed(sip_code: Option<u16>) -> EndReason {
    match sip_code {
        // Not found, gone, address incomplete, does not exist anywhere.
        Some(404 | 410 | 484 | 604) => EndReason::InvalidNumber,
        // Forbidden, decline, unwanted, rejected.
        Some(403 | 603 | 607 | 608) => EndReason::Rejected,
        Some(486 | 600) => EndReason::Busy,
        Some(408 | 480) => EndReason::NoAnswer,
        _ => EndReason::CarrierError,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use switchboard_core::Source;

    use super::*;

    fn over(reason: EndReason, raw: &str) -> Meaning {
        Meaning::Over(EndClaim::new(reason, raw))
    }

    #[test]
    fn every_status_has_one_meaning() {
        let table = [
            ("queued", None, None, Meaning::Live(Progress::Dialing)),
            ("initiated", None, None, Meaning::Live(Progress::Dialing)),
            ("ringing", None, None, Meaning::Live(Progress::Ringing)),
            ("in-progress", None, Some("machine_start"), Meaning::Live(Progress::InProgress)),
            ("completed", None, None, over(EndReason::Completed, "completed")),
            ("completed", Some(200), Some("human"), over(EndReason::Completed, "completed")),
            ("completed", None, Some("fax"), over(EndReason::Completed, "completed")),
            ("completed", None, Some("unknown"), over(EndReason::Completed, "completed")),
            ("completed", None, Some("machine_start"), over(EndReason::Voicemail, "completed")),
            ("completed", None, Some("machine_end_beep"), over(EndReason::Voicemail, "completed")),
            ("busy", Some(486), None, over(EndReason::Busy, "busy")),
            ("no-answer", None, None, over(EndReason::NoAnswer, "no-answer")),
            ("canceled", Some(487), None, over(EndReason::EndedByRequest, "canceled")),
            ("failed", None, None, over(EndReason::CarrierError, "failed")),
            ("failed", Some(404), None, over(EndReason::InvalidNumber, "failed (SIP 404)")),
            ("failed", Some(410), None, over(EndReason::InvalidNumber, "failed (SIP 410)")),
            ("failed", Some(484), None, over(EndReason::InvalidNumber, "failed (SIP 484)")),
            ("failed", Some(604), None, over(EndReason::InvalidNumber, "failed (SIP 604)")),
            ("failed", Some(403), None, over(EndReason::Rejected, "failed (SIP 403)")),
            ("failed", Some(603), None, over(EndReason::Rejected, "failed (SIP 603)")),
            ("failed", Some(607), None, over(EndReason::Rejected, "failed (SIP 607)")),
            ("failed", Some(608), None, over(EndReason::Rejected, "failed (SIP 608)")),
            ("failed", Some(486), None, over(EndReason::Busy, "failed (SIP 486)")),
            ("failed", Some(600), None, over(EndReason::Busy, "failed (SIP 600)")),
            ("failed", Some(408), None, over(EndReason::NoAnswer, "failed (SIP 408)")),
            ("failed", Some(480), None, over(EndReason::NoAnswer, "failed (SIP 480)")),
            ("failed", Some(503), None, over(EndReason::CarrierError, "failed (SIP 503)")),
            ("cancelled", None, None, Meaning::Unheard),
            ("Completed", None, None, Meaning::Unheard),
            ("", None, None, Meaning::Unheard),
        ];
        for (status, sip_code, answered_by, meaning) in table {
            assert_eq!(Standing { status, sip_code, answered_by }.meaning(), meaning, "{status} {sip_code:?}");
        }
    }

    #[test]
    fn an_end_says_what_will_never_come_and_no_more() {
        for (status, no_recording) in [("completed", false), ("busy", true), ("canceled", true), ("failed", true)] {
            let mut said = Observation::new(Source::Carrier, "call");
            Standing { status, ..Standing::default() }.tell(&mut said);
            assert_eq!(
                (said.transcript, said.summary, said.analysis),
                (Some(Artifact::None), Some(Artifact::None), Some(Artifact::None))
            );
            assert_eq!(said.recording == Some(Artifact::None), no_recording, "{status}");
            assert_eq!(said.cost, None, "a price may still come");
        }
    }

    proptest! {
        #[test]
        fn whatever_twilio_says_has_a_meaning(status in ".{0,20}", sip_code in any::<Option<u16>>(), who in proptest::option::of(".{0,20}")) {
            let mut said = Observation::new(Source::Carrier, "call");
            Standing { status: &status, sip_code, answered_by: who.as_deref() }.tell(&mut said);
            prop_assert!(said.progress.is_none() || said.end.is_none());
        }
    }
}
