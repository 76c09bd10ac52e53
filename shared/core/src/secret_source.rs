//! Where secrets come from, and which of their versions hold.
//!
//! A secret of the installation is a JSON object whose keys are the variable names of the deployments that Switchboard
//! replaces (`OMI_API_KEY`, `JWT_SECRET` …). A value is a text, or a list of `{kid, value, notAfter?}` where several hold at once. During a
//! rotation the newer and the older version of the whole object hold side by side.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use crate::{Failure, Fault, Secret, Timestamp};

/// How long the version before the current one still holds after it was replaced: long enough for every sender and every
/// cache to follow, short enough that a leaked secret dies within a day of its rotation.
pub const ROTATION_OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

/// Which part a version plays in a rotation; the names are Secrets Manager's staging labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretStage {
    /// `AWSCURRENT`: in use.
    Current,
    /// `AWSPENDING`: about to come into use; already holds for whoever verifies.
    Pending,
    /// `AWSPREVIOUS`: was in use before.
    Previous,
}

impl SecretStage {
    /// The staging label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

/// One version of a secret object.
#[derive(Clone)]
pub struct SecretVersion {
    stage: SecretStage,
    created_at: Timestamp,
    values: BTreeMap<String, Value>,
}

impl SecretVersion {
    /// Reads a version from its JSON text.
    ///
    /// # Errors
    /// If the text is not a JSON object. The error says where, never what.
    pub fn from_json(stage: SecretStage, created_at: Timestamp, text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(|values| Self { stage, created_at, values })
    }
}

impl fmt::Debug for SecretVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretVersion({}, {} keys)", self.stage.label(), self.values.len())
    }
}

/// The versions of a secret object that exist, the current one first.
#[derive(Clone, Debug)]
pub struct SecretBundle {
    versions: Vec<SecretVersion>,
    /// When the current version came into use, as far as is known.
    current_since: Timestamp,
}

/// One value that holds (or held), with a name that says which it is and gives nothing away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyedSecret {
    /// Which one: a staging label, or a `kid` of a list.
    pub kid: String,
    /// The value.
    pub value: Secret,
}

/// An element of a list of values.
#[derive(Deserialize)]
struct ListedSecret {
    kid: String,
    value: String,
    #[serde(rename = "notAfter")]
    not_after: Option<Timestamp>,
}

impl SecretBundle {
    /// The versions of one object, in any order. `changed_at` is when the object was last changed, if that is known: a version that
    /// waited as pending came into use then, not when it was made, and the one before it holds from then on.
    #[must_use]
    pub fn new(mut versions: Vec<SecretVersion>, changed_at: Option<Timestamp>) -> Self {
        versions.sort_by_key(|version| version.stage);
        let created_at = versions.iter().find(|v| v.stage == SecretStage::Current).map(|version| version.created_at);
        let current_since = created_at.max(changed_at).unwrap_or(Timestamp::from_epoch_millis(0));
        Self { versions, current_since }
    }

    /// The value in use: of the current version, the first of a list that has not run out.
    #[must_use]
    pub fn current(&self, key: &str, now: Timestamp) -> Option<Secret> {
        let current = self.versions.iter().find(|version| version.stage == SecretStage::Current)?;
        current.listed(key).into_iter().find(|(_, not_after)| holds(*not_after, now)).map(|(keyed, _)| keyed.value)
    }

    /// Every value that holds at `now`: current, pending, and previous within [`ROTATION_OVERLAP`].
    #[must_use]
    pub fn accepted(&self, key: &str, now: Timestamp) -> Vec<KeyedSecret> {
        self.all(key, now).into_iter().filter_map(|(keyed, holds)| holds.then_some(keyed)).collect()
    }

    /// Every value that is known but no longer holds, to explain why a signature made with one was refused.
    #[must_use]
    pub fn retired(&self, key: &str, now: Timestamp) -> Vec<KeyedSecret> {
        self.all(key, now).into_iter().filter_map(|(keyed, holds)| (!holds).then_some(keyed)).collect()
    }

    fn all(&self, key: &str, now: Timestamp) -> Vec<(KeyedSecret, bool)> {
        self.versions
            .iter()
            .flat_map(|version| {
                let in_rotation = match version.stage {
                    SecretStage::Previous => now < self.current_since.plus(ROTATION_OVERLAP),
                    SecretStage::Current | SecretStage::Pending => true,
                };
                version
                    .listed(key)
                    .into_iter()
                    .map(move |(keyed, not_after)| (keyed, in_rotation && holds(not_after, now)))
            })
            .collect()
    }
}

fn holds(not_after: Option<Timestamp>, now: Timestamp) -> bool {
    not_after.is_none_or(|not_after| now < not_after)
}

impl SecretVersion {
    fn listed(&self, key: &str) -> Vec<(KeyedSecret, Option<Timestamp>)> {
        match self.values.get(key) {
            Some(Value::String(value)) if !value.is_empty() => {
                vec![(KeyedSecret { kid: self.stage.label().to_owned(), value: Secret::new(value.clone()) }, None)]
            }
            Some(Value::Array(list)) => list
                .iter()
                .filter_map(|element| ListedSecret::deserialize(element).ok())
                .filter(|listed| !listed.value.is_empty())
                .map(|listed| (KeyedSecret { kid: listed.kid, value: Secret::new(listed.value) }, listed.not_after))
                .collect(),
            _ => Vec::new(),
        }
    }
}

/// How fresh a secret must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// As it is in the cache.
    Cached,
    /// Fetched again, because the cached one did not work. A source may answer from its cache all the same if it fetched a
    /// moment ago.
    Refetched,
}

/// Where secrets come from: one of the three seams of the product.
#[async_trait]
pub trait SecretSource: fmt::Debug + Send + Sync {
    /// The secret object with this name.
    ///
    /// # Errors
    /// [`SecretUnavailable`] if there is none, it cannot be read, or the source does not answer.
    async fn secret(&self, name: &str, freshness: Freshness) -> Result<Arc<SecretBundle>, SecretUnavailable>;
}

/// A secret that cannot be had.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SecretUnavailable {
    /// Nobody has created it.
    #[error("the secret {name} does not exist")]
    Missing {
        /// The secret's name.
        name: String,
    },
    /// It exists, but lacks a value.
    #[error("the secret {name} has no usable value for {key}: {what}")]
    Incomplete {
        /// The secret's name.
        name: String,
        /// The key in its JSON.
        key: &'static str,
        /// What is wrong.
        what: String,
    },
    /// It is not a JSON object.
    #[error("the secret {name} is not a JSON object of texts")]
    Unreadable {
        /// The secret's name.
        name: String,
    },
    /// The source does not answer.
    #[error("the secret {name} cannot be fetched: {what}")]
    Unreachable {
        /// The secret's name.
        name: String,
        /// What the source said.
        what: String,
    },
}

impl Failure for SecretUnavailable {
    fn fault(&self) -> Fault {
        Fault::Unavailable
    }

    fn public_message(&self) -> Cow<'static, str> {
        "this service is not completely configured; its operator has been told by a log entry".into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(stage: SecretStage, created_secs: i64, json: &str) -> SecretVersion {
        SecretVersion::from_json(stage, Timestamp::from_epoch_secs(created_secs), json).unwrap()
    }

    fn kids(secrets: &[KeyedSecret]) -> Vec<&str> {
        secrets.iter().map(|secret| secret.kid.as_str()).collect()
    }

    #[test]
    fn during_a_rotation_all_versions_hold_and_a_day_later_the_previous_one_does_not() {
        let bundle = SecretBundle::new(
            vec![
                version(SecretStage::Previous, 0, r#"{"K":"old"}"#),
                version(SecretStage::Pending, 2_000, r#"{"K":"next"}"#),
                version(SecretStage::Current, 1_000, r#"{"K":"now"}"#),
            ],
            None,
        );
        let during = Timestamp::from_epoch_secs(1_000).plus(ROTATION_OVERLAP).minus(Duration::from_millis(1));
        assert_eq!(kids(&bundle.accepted("K", during)), ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"]);
        assert_eq!(bundle.current("K", during).unwrap().expose(), "now");
        let after = during.plus(Duration::from_millis(1));
        assert_eq!(kids(&bundle.accepted("K", after)), ["AWSCURRENT", "AWSPENDING"]);
        assert_eq!(kids(&bundle.retired("K", after)), ["AWSPREVIOUS"]);
    }

    #[test]
    fn the_overlap_begins_when_a_version_comes_into_use_not_when_it_is_made() {
        let versions = || {
            vec![
                version(SecretStage::Previous, 0, r#"{"K":"old"}"#),
                version(SecretStage::Current, 1_000, r#"{"K":"now"}"#),
            ]
        };
        let promoted = Timestamp::from_epoch_secs(1_000).plus(2 * ROTATION_OVERLAP);
        let accepted = |changed_at| SecretBundle::new(versions(), changed_at).accepted("K", promoted).len();
        assert_eq!((accepted(Some(promoted)), accepted(None)), (2, 1));
    }

    #[test]
    fn a_list_holds_each_value_until_its_own_end() {
        let json = r#"{"K":[{"kid":"a","value":"1","notAfter":"1970-01-01T00:00:10Z"},{"kid":"b","value":"2"}]}"#;
        let bundle = SecretBundle::new(vec![version(SecretStage::Current, 0, json)], None);
        assert_eq!(kids(&bundle.accepted("K", Timestamp::from_epoch_secs(9))), ["a", "b"]);
        assert_eq!(kids(&bundle.accepted("K", Timestamp::from_epoch_secs(10))), ["b"]);
        assert_eq!(bundle.current("K", Timestamp::from_epoch_secs(10)).unwrap().expose(), "2");
    }

    #[test]
    fn an_empty_or_wrong_typed_value_is_no_value() {
        let bundle =
            SecretBundle::new(vec![version(SecretStage::Current, 0, r#"{"A":"","B":7,"C":[{"kid":"x"}]}"#)], None);
        for key in ["A", "B", "C", "D"] {
            assert!(bundle.accepted(key, Timestamp::from_epoch_secs(0)).is_empty(), "{key}");
        }
    }

    #[test]
    fn nothing_of_a_secret_is_printed() {
        let bundle = SecretBundle::new(vec![version(SecretStage::Current, 0, r#"{"K":"hunter2"}"#)], None);
        let printed = format!("{bundle:?} {:?}", bundle.accepted("K", Timestamp::from_epoch_secs(0)));
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}
