//! One secret and its versions: what the staging labels mean and how they move. It knows no protocol and no store.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use switchboard_core::Timestamp;

/// The label of the version that is used.
const CURRENT: &str = "AWSCURRENT";

/// The label of the version that was used before it.
const PREVIOUS: &str = "AWSPREVIOUS";

/// How many versions without a label are kept. AWS promises none; two let a test still find one.
const UNLABELLED_KEPT: usize = 2;

/// Why an operation is refused, in AWS's words where they matter to a reader.
#[derive(Debug, thiserror::Error)]
pub(super) enum SecretError {
    #[error("Secrets Manager can't find the specified secret.")]
    NotFound,
    #[error("Secrets Manager can't find the specified secret value for staging label: {0}")]
    NoSuchStage(String),
    #[error("Secrets Manager can't find the specified secret value for VersionId: {0}")]
    NoSuchVersion(String),
    #[error("The operation failed because the secret {0} already exists.")]
    SecretExists(String),
    #[error("A resource with the ID you requested already exists.")]
    VersionExists,
    #[error("{0}")]
    Invalid(String),
    #[error("You must provide either SecretString or SecretBinary.")]
    NoValue,
    #[error("You provided a VersionStage that is not associated to the provided VersionId.")]
    StageElsewhere,
    #[error("You can't perform this operation on the secret because it was marked for deletion.")]
    MarkedForDeletion,
    #[error("You can't create this secret because a secret with this name is already scheduled for deletion.")]
    ScheduledForDeletion,
    #[error("The request is missing an authentication token.")]
    Unsigned,
    #[error("The operation is not served by this stand-in.")]
    UnknownOperation,
    #[error("An error occurred on the server side.")]
    Internal,
}

impl SecretError {
    /// AWS's name of the error.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::NotFound | Self::NoSuchStage(_) | Self::NoSuchVersion(_) => "ResourceNotFoundException",
            Self::SecretExists(_) | Self::VersionExists => "ResourceExistsException",
            Self::Invalid(_) | Self::NoValue => "InvalidParameterException",
            Self::StageElsewhere | Self::MarkedForDeletion | Self::ScheduledForDeletion => "InvalidRequestException",
            Self::Unsigned => "MissingAuthenticationTokenException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::Internal => "InternalServiceError",
        }
    }
}

/// What a version holds, as it was sent. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SecretValue {
    binary: bool,
    written: String,
}

impl SecretValue {
    pub(super) fn text(written: String) -> Self {
        Self { binary: false, written }
    }

    /// From base64, as it travels.
    pub(super) fn binary(written: String) -> Self {
        Self { binary: true, written }
    }

    /// The name of the answer's field and what stands in it.
    pub(super) fn field(&self) -> (&'static str, &str) {
        (if self.binary { "SecretBinary" } else { "SecretString" }, &self.written)
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) stages: BTreeSet<String>,
    pub(super) created: Timestamp,
    pub(super) value: SecretValue,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Secret {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) tags: Vec<Value>,
    pub(super) created: Timestamp,
    pub(super) changed: Timestamp,
    pub(super) delete_at: Option<Timestamp>,
    versions: BTreeMap<String, Version>,
}

impl Secret {
    pub(super) fn new(
        arn: String,
        name: String,
        description: Option<String>,
        tags: Vec<Value>,
        now: Timestamp,
    ) -> Self {
        Self { arn, name, description, tags, created: now, changed: now, delete_at: None, versions: BTreeMap::new() }
    }

    /// Whether it was deleted, recoverably.
    pub(super) fn is_deleted(&self) -> bool {
        self.delete_at.is_some()
    }

    /// Whether its recovery window has passed.
    pub(super) fn is_gone(&self, now: Timestamp) -> bool {
        self.delete_at.is_some_and(|date| date <= now)
    }

    pub(super) fn delete_at(&mut self, date: Timestamp) -> Result<(), SecretError> {
        if self.is_deleted() {
            return Err(SecretError::MarkedForDeletion);
        }
        self.delete_at = Some(date);
        Ok(())
    }

    /// Whether version `id` exists and holds exactly `value`.
    pub(super) fn holds(&self, id: &str, value: &SecretValue) -> bool {
        self.versions.get(id).is_some_and(|version| version.value == *value)
    }

    /// The labels of every version that has one.
    pub(super) fn stages(&self) -> BTreeMap<&str, &BTreeSet<String>> {
        let labelled = self.versions.iter().filter(|(_, version)| !version.stages.is_empty());
        labelled.map(|(id, version)| (id.as_str(), &version.stages)).collect()
    }

    /// Adds a version under `stages` (current, where none are named) and tells the labels it has. The same version again
    /// changes nothing; its id with another value is refused.
    pub(super) fn put(
        &mut self,
        id: &str,
        value: SecretValue,
        stages: Option<Vec<String>>,
        now: Timestamp,
    ) -> Result<BTreeSet<String>, SecretError> {
        if let Some(version) = self.versions.get(id) {
            return if version.value == value { Ok(version.stages.clone()) } else { Err(SecretError::VersionExists) };
        }
        let mut stages: BTreeSet<String> = stages.unwrap_or_else(|| vec![CURRENT.to_owned()]).into_iter().collect();
        if self.versions.is_empty() {
            stages.insert(CURRENT.to_owned());
        }
        if stages.is_empty() {
            return Err(SecretError::Invalid("VersionStages must name at least one staging label.".to_owned()));
        }
        self.versions.insert(id.to_owned(), Version { stages: BTreeSet::new(), created: now, value });
        for stage in stages {
            self.attach(&stage, id);
        }
        self.changed = now;
        self.prune();
        Ok(self.versions.get(id).map(|version| version.stages.clone()).unwrap_or_default())
    }

    /// The version that an id, a label, or neither (the current one) means.
    pub(super) fn version(&self, id: Option<&str>, stage: Option<&str>) -> Result<(&str, &Version), SecretError> {
        if let Some(id) = id {
            let (id, version) =
                self.versions.get_key_value(id).ok_or_else(|| SecretError::NoSuchVersion(id.to_owned()))?;
            if stage.is_some_and(|stage| !version.stages.contains(stage)) {
                return Err(SecretError::StageElsewhere);
            }
            return Ok((id, version));
        }
        let stage = stage.unwrap_or(CURRENT);
        let holder = self.versions.iter().find(|(_, version)| version.stages.contains(stage));
        holder.map(|(id, version)| (id.as_str(), version)).ok_or_else(|| SecretError::NoSuchStage(stage.to_owned()))
    }

    /// Takes a label from a version, gives it to another, or both. The current label can move but never vanish, and who
    /// moves a label must say where it was, so that two rotations at once cannot both win.
    pub(super) fn move_stage(
        &mut self,
        stage: &str,
        from: Option<&str>,
        to: Option<&str>,
        now: Timestamp,
    ) -> Result<(), SecretError> {
        for id in [from, to].into_iter().flatten() {
            if !self.versions.contains_key(id) {
                return Err(SecretError::NoSuchVersion(id.to_owned()));
            }
        }
        let holder = self.holder(stage).map(str::to_owned);
        match (holder.as_deref(), from, to) {
            (_, None, None) => {
                return Err(invalid("You must specify RemoveFromVersionId, MoveToVersionId, or both."));
            }
            // Already there: the same request again, or one that asks for nothing.
            (Some(holder), _, Some(to)) if holder == to => return Ok(()),
            (Some(holder), None, Some(_)) => {
                return Err(invalid(&format!(
                    "The parameter RemoveFromVersionId can't be empty. Staging label {stage} is currently attached to \
                     version {holder}, so you must explicitly reference that version in RemoveFromVersionId."
                )));
            }
            (holder, Some(from), _) if holder != Some(from) => {
                return Err(invalid(&format!("The staging label {stage} is not attached to version {from}.")));
            }
            (_, _, Some(to)) => self.attach(stage, to),
            (_, Some(_), None) if stage == CURRENT => {
                return Err(invalid(
                    "You can only move staging label AWSCURRENT to a different secret version. It can't be completely \
                     removed.",
                ));
            }
            (_, Some(_), None) => self.detach(stage),
        }
        self.changed = now;
        self.prune();
        Ok(())
    }

    fn holder(&self, stage: &str) -> Option<&str> {
        let holder = self.versions.iter().find(|(_, version)| version.stages.contains(stage));
        holder.map(|(id, _)| id.as_str())
    }

    fn detach(&mut self, stage: &str) {
        for version in self.versions.values_mut() {
            version.stages.remove(stage);
        }
    }

    /// Gives a label to a version and to no other. Whoever loses the current label becomes the previous version.
    fn attach(&mut self, stage: &str, id: &str) {
        if stage == CURRENT
            && let Some(loser) = self.holder(CURRENT).map(str::to_owned)
            && loser != id
        {
            self.attach(PREVIOUS, &loser);
        }
        self.detach(stage);
        if let Some(version) = self.versions.get_mut(id) {
            version.stages.insert(stage.to_owned());
        }
    }

    /// Forgets the oldest versions that no label keeps.
    fn prune(&mut self) {
        let mut unlabelled: Vec<(Timestamp, String)> = self
            .versions
            .iter()
            .filter(|(_, version)| version.stages.is_empty())
            .map(|(id, version)| (version.created, id.clone()))
            .collect();
        unlabelled.sort();
        let surplus = unlabelled.len().saturating_sub(UNLABELLED_KEPT);
        for (_, id) in unlabelled.into_iter().take(surplus) {
            self.versions.remove(&id);
        }
    }
}

fn invalid(message: &str) -> SecretError {
    SecretError::Invalid(message.to_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_epoch_secs(1_795_000_000).plus(Duration::from_secs(secs))
    }

    fn secret() -> Secret {
        Secret::new("arn".to_owned(), "s".to_owned(), None, vec![], at(0))
    }

    fn put(secret: &mut Secret, id: &str, secs: u64, stages: Option<&[&str]>) {
        let stages = stages.map(|stages| stages.iter().map(|stage| (*stage).to_owned()).collect());
        secret.put(id, SecretValue::text(format!("value of {id}")), stages, at(secs)).unwrap();
    }

    fn held(secret: &Secret) -> Vec<(&str, Vec<&str>)> {
        let stages = secret.stages().into_iter();
        stages.map(|(id, stages)| (id, stages.iter().map(String::as_str).collect())).collect()
    }

    #[test]
    fn each_new_current_version_makes_the_last_one_previous_and_forgets_the_one_before() {
        let mut secret = secret();
        put(&mut secret, "a", 1, None);
        assert_eq!(held(&secret), [("a", vec![CURRENT])]);
        put(&mut secret, "b", 2, None);
        put(&mut secret, "c", 3, None);
        assert_eq!(held(&secret), [("b", vec![PREVIOUS]), ("c", vec![CURRENT])]);
    }

    #[test]
    fn a_rotation_puts_a_pending_version_and_promotes_it() {
        let mut secret = secret();
        put(&mut secret, "a", 1, None);
        put(&mut secret, "b", 2, Some(&["AWSPENDING"]));
        assert_eq!(secret.version(None, None).unwrap().0, "a");
        assert_eq!(secret.version(None, Some("AWSPENDING")).unwrap().0, "b");
        secret.move_stage(CURRENT, Some("a"), Some("b"), at(3)).unwrap();
        secret.move_stage("AWSPENDING", Some("b"), None, at(4)).unwrap();
        assert_eq!(held(&secret), [("a", vec![PREVIOUS]), ("b", vec![CURRENT])]);
        // And back: the labels swap.
        secret.move_stage(CURRENT, Some("b"), Some("a"), at(5)).unwrap();
        assert_eq!(held(&secret), [("a", vec![CURRENT]), ("b", vec![PREVIOUS])]);
    }

    #[test]
    fn the_first_version_is_current_whatever_labels_it_comes_with() {
        let mut secret = secret();
        put(&mut secret, "a", 1, Some(&["AWSPENDING"]));
        assert_eq!(held(&secret), [("a", vec![CURRENT, "AWSPENDING"])]);
    }

    #[test]
    fn the_same_version_again_changes_nothing_and_its_id_with_another_value_is_refused() {
        let mut secret = secret();
        put(&mut secret, "a", 1, None);
        put(&mut secret, "b", 2, None);
        put(&mut secret, "a", 3, None);
        assert_eq!(held(&secret), [("a", vec![PREVIOUS]), ("b", vec![CURRENT])]);
        let other = secret.put("a", SecretValue::text("other".to_owned()), None, at(4));
        assert!(matches!(other, Err(SecretError::VersionExists)));
    }

    #[test]
    fn a_label_moves_only_for_who_knows_where_it_is_and_the_current_one_never_vanishes() {
        let mut secret = secret();
        put(&mut secret, "a", 1, None);
        put(&mut secret, "b", 2, Some(&["AWSPENDING"]));
        put(&mut secret, "c", 3, Some(&["AWSCANDIDATE"]));
        let before = format!("{:?}", secret.stages());
        for (stage, from, to) in [
            (CURRENT, None, Some("b")),
            (CURRENT, Some("b"), Some("c")),
            (CURRENT, Some("a"), None),
            ("AWSPENDING", Some("a"), None),
            ("custom", Some("a"), Some("b")),
            (CURRENT, None, None),
        ] {
            let outcome = secret.move_stage(stage, from, to, at(4));
            assert!(matches!(outcome, Err(SecretError::Invalid(_))), "{stage} {from:?} {to:?}: {outcome:?}");
            assert_eq!(format!("{:?}", secret.stages()), before);
        }
        let missing = secret.move_stage(CURRENT, Some("a"), Some("none"), at(4));
        assert!(matches!(missing, Err(SecretError::NoSuchVersion(_))));
        secret.move_stage("custom", None, Some("b"), at(5)).unwrap();
        assert_eq!(secret.version(None, Some("custom")).unwrap().0, "b");
    }

    #[test]
    fn a_version_is_found_by_id_and_label_only_where_they_agree() {
        let mut secret = secret();
        put(&mut secret, "a", 1, None);
        put(&mut secret, "b", 2, None);
        assert_eq!(secret.version(Some("a"), None).unwrap().0, "a");
        assert_eq!(secret.version(Some("a"), Some(PREVIOUS)).unwrap().0, "a");
        assert!(matches!(secret.version(Some("a"), Some(CURRENT)), Err(SecretError::StageElsewhere)));
        assert!(matches!(secret.version(None, Some("none")), Err(SecretError::NoSuchStage(_))));
        assert!(matches!(secret.version(Some("none"), None), Err(SecretError::NoSuchVersion(_))));
    }

    #[test]
    fn versions_without_a_label_do_not_pile_up_and_values_are_not_shown() {
        let mut secret = secret();
        for number in 0_u64..9 {
            put(&mut secret, &format!("v{number}"), number, None);
        }
        assert_eq!(secret.versions.len(), 2 + UNLABELLED_KEPT);
        assert!(secret.version(Some("v5"), None).is_ok());
        assert!(!format!("{secret:?}").contains("value of"));
    }
}
