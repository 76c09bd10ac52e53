//! What was said, and which of two transcripts of one call is the fuller.

use serde::{Deserialize, Serialize};

use crate::{Personal, Role};

/// Longest text of one turn that is kept, in characters; what goes beyond is cut. Nobody speaks longer without a pause.
const MAX_TURN_CHARS: usize = 20_000;
/// Most turns of one call that are kept. Four hours at a turn every two seconds.
const MAX_TURNS: usize = 7_200;

/// One utterance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpokenTurn {
    /// Who spoke.
    pub role: Role,
    /// What was said.
    pub text: Personal,
    /// When, in whole seconds since the call was answered, if the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_secs: Option<u32>,
}

/// A whole transcript.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Transcript(Vec<SpokenTurn>);

/// What is known of a transcript without reading it. The order is that of fullness: more characters, then more turns; the
/// fingerprint makes it total, so that two sources that differ give the same winner in any order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TranscriptOutline {
    /// Characters of all turns.
    pub chars: u64,
    /// Turns.
    pub turns: u32,
    /// Stands for the content; names the items it is kept in.
    pub fingerprint: String,
}

impl Transcript {
    /// Takes turns, leaving out what is empty.
    pub fn new(turns: impl IntoIterator<Item = SpokenTurn>) -> Self {
        let kept = turns.into_iter().filter_map(|turn| {
            let text = turn.text.expose().trim();
            if text.is_empty() {
                return None;
            }
            let text: String = text.chars().take(MAX_TURN_CHARS).collect();
            Some(SpokenTurn { text: Personal::new(text), ..turn })
        });
        Self(kept.take(MAX_TURNS).collect())
    }

    /// The turns, in order.
    #[must_use]
    pub fn turns(&self) -> &[SpokenTurn] {
        &self.0
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What stands for it in the record of a call.
    #[must_use]
    pub fn outline(&self) -> TranscriptOutline {
        let mut print = Fingerprint::default();
        for turn in &self.0 {
            print.take(match turn.role {
                Role::User => b"u",
                Role::Agent => b"a",
            });
            print.take(turn.text.expose().as_bytes());
            print.take(&turn.at_secs.map_or(u64::MAX, u64::from).to_be_bytes());
        }
        let chars = self.0.iter().map(|turn| turn.text.expose().chars().count() as u64).sum();
        TranscriptOutline { chars, turns: u32::try_from(self.0.len()).unwrap_or(u32::MAX), fingerprint: print.finish() }
    }
}

/// FNV-1a over 128 bits: tells texts of one call apart, of which there are a handful. It guards nothing: whoever could
/// forge a transcript that collides could as well send that transcript.
struct Fingerprint(u128);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fingerprint {
    fn take(&mut self, bytes: &[u8]) {
        const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013B;
        let length = (bytes.len() as u64).to_be_bytes();
        for byte in length.iter().chain(bytes) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(PRIME);
        }
    }

    fn finish(&self) -> String {
        format!("{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(role: Role, text: &str) -> SpokenTurn {
        SpokenTurn { role, text: Personal::new(text), at_secs: None }
    }

    #[test]
    fn the_transcript_with_more_text_is_the_fuller() {
        let short = Transcript::new([turn(Role::Agent, "Hello")]);
        let long = Transcript::new([turn(Role::Agent, "Hello"), turn(Role::User, "Who is this?")]);
        assert!(long.outline() > short.outline());
    }

    #[test]
    fn transcripts_that_differ_in_one_thing_have_different_outlines() {
        let base = Transcript::new([turn(Role::Agent, "ab"), turn(Role::User, "c")]);
        for other in [
            Transcript::new([turn(Role::User, "ab"), turn(Role::User, "c")]),
            Transcript::new([turn(Role::Agent, "a"), turn(Role::User, "bc")]),
            Transcript::new([SpokenTurn { at_secs: Some(1), ..turn(Role::Agent, "ab") }, turn(Role::User, "c")]),
        ] {
            assert_ne!(base.outline(), other.outline());
        }
    }

    #[test]
    fn empty_turns_are_left_out() {
        assert!(Transcript::new([turn(Role::Agent, "  \n")]).is_empty());
    }
}
