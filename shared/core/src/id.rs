//! Identifiers: a prefix that says what it names, then a UUIDv7 (RFC 9562 §5.7) in its usual hyphenated form.
//!
//! A UUIDv7 sorts by the millisecond it was made in and carries 74 bits from the system's random generator, which is what
//! makes a public session's id unguessable. The text of an id is data of the person it belongs to: `Debug` shows only its
//! prefix, so that none reaches a log.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::Timestamp;

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What every such id begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id made at `now`. Aborts where the operating system has no random numbers: no id would be safe.
            #[must_use]
            pub fn generate(now: Timestamp) -> Self {
                Self(uuid_v7(now))
            }

            /// Reads an id exactly as this type writes it; anything else names nothing.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let uuid = Uuid::try_parse(text.strip_prefix($prefix)?).ok()?;
                let id = Self(uuid);
                (id.to_string() == text).then_some(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.hyphenated())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!($prefix, "…"))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| serde::de::Error::custom(concat!("expected an id like ", $prefix, "…")))
            }
        }
    };
}

id_type!(
    /// Names a voice session. In the tenant `public` it is also the capability to use it.
    SessionId,
    "ses_"
);
id_type!(
    /// Names one exchange: what the person said and what was answered.
    TurnId,
    "trn_"
);
id_type!(
    /// Names a call.
    CallId,
    "call_"
);
id_type!(
    /// Names a realtime session: a call that is kept up by a lease, or a credential that was handed out.
    RealtimeId,
    "rts_"
);

impl RealtimeId {
    /// The name of the realtime session that is this call. The two differ in nothing but what they begin with.
    #[must_use]
    pub fn of(call: CallId) -> Self {
        Self(call.0)
    }

    /// The call that is this session, if it is one.
    #[must_use]
    pub fn call(self) -> CallId {
        CallId(self.0)
    }
}

id_type!(
    /// Names one attempt of one provider to hold a call; the provider gives it back where it can.
    LegId,
    "leg_"
);
id_type!(
    /// Names a webhook URL that an operator, or a call, was given.
    HookId,
    "hook_"
);
id_type!(
    /// Names an alarm.
    AlarmId,
    "alm_"
);
id_type!(
    /// Names an entry of the webhook journal.
    EventId,
    "evt_"
);
id_type!(
    /// Names an upload ticket.
    UploadId,
    "upl_"
);

fn uuid_v7(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.epoch_millis()).unwrap_or(0);
    let nanos = u32::try_from(millis % 1000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, millis / 1000, nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_only_in_the_form_it_was_written_in() {
        let id = SessionId::generate(Timestamp::from_epoch_millis(1_795_169_208_007));
        let text = id.to_string();
        assert_eq!(SessionId::parse(&text), Some(id));
        for wrong in [
            text.to_uppercase(),
            text.replace('-', ""),
            text.replacen("ses_", "trn_", 1),
            format!("{text} "),
            text.replace("ses_", "ses_{") + "}",
            String::new(),
        ] {
            assert_eq!(SessionId::parse(&wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn ids_sort_by_the_millisecond_they_were_made_in_and_differ_within_it() {
        let earlier = TurnId::generate(Timestamp::from_epoch_millis(1_795_169_208_007));
        let later = TurnId::generate(Timestamp::from_epoch_millis(1_795_169_208_008));
        assert!(earlier.to_string() < later.to_string());
        assert_ne!(
            TurnId::generate(Timestamp::from_epoch_millis(1)),
            TurnId::generate(Timestamp::from_epoch_millis(1))
        );
    }

    #[test]
    fn debug_output_does_not_carry_the_id() {
        let id = SessionId::generate(Timestamp::from_epoch_millis(1));
        assert_eq!(format!("{id:?}"), "ses_…");
    }
}
