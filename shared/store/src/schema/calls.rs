//! Keys of calls and of everything that is kept beside them.
//!
//! | item | `pk` | `sk` | kept for |
//! |---|---|---|---|
//! | call | `CALL#<callId>` | `CALL` | 400 days |
//! | timeline | `CALL#<callId>` | `EVENT#<eventId>` | as its call |
//! | transcript | `CALL#<callId>` | `TRANSCRIPT#<fingerprint>#<nnn>` | as its call |
//! | reference | `REF#<provider>#<account>#<external id>` | `REF` | as its call |
//! | event before the bind | `REF#<provider>#<account>#<external id>` | `WAITING#<eventId>` | 8 days |
//! | attempt that may be up | `OPEN#<hash of the number>` | `<legId>` | 2 days |
//! | call slot | `SLOTS#<tenant>#call` | `SLOT#<nnnn>` or `SLOT#beyond#<callId>` | a day after its lease |
//! | realtime slot, of all and of a person | `SLOTS#<tenant>#realtime`, `SLOTS#<tenant>#realtime#<user>` | `SLOT#<nnnn>` | a day after its lease |
//! | day's realtime seconds | `MINUTES#<tenant>#<day>` | `TENANT` or `USER#<user>` | 3 days |
//! | day's realtime credentials | `TOKENS#<tenant>#<day>` | `USER#<user>` | 3 days |
//! | day's spend | `SPEND#<tenant>#<day>` | `TENANT` or `KEY#<principal>` | 40 days |
//! | dials to a number | `DIALS#<tenant>#to#<hash>` | `<day>` | 2 days |
//! | dials to a range | `DIALS#<tenant>#range#<hash>` | `<hour>` | a day |
//! | dials to new numbers | `DIALS#<tenant>#new` | `<hour>` | a day |
//! | known number | `DESTINATION#<tenant>#<hash>` | `DESTINATION` | 90 days |
//! | figures | `FIGURES#<tenant>#<month>` | `<day>#<provider>#<shard>` | 400 days |
//! | alarm about a call | `CALL#<callId>` | `ALARM#<alarmId>` | 400 days |
//! | alarm about an account | `ALARMS#<tenant>` | `ALARM#<kind>` | 400 days |
//!
//! In `gsi1` a call is under `CALLS#<tenant>#<month>` by the moment it was asked for, an alarm under `ALARMS#<tenant>#<open or
//! closed>` by its beginning; in `gsi2` a call that has something left to be done is under `DUE#<shard>` by when that is.

use sha2::{Digest, Sha256};
use switchboard_core::{AlarmId, AlarmKind, CallId, EventId, LegId, PhoneNumber, ProviderId, TenantId, Timestamp};

use super::{Key, hex};

/// What the sort keys of a timeline begin with.
pub(crate) const ENTRY_PREFIX: &str = "EVENT#";
/// What the sort keys of events before a bind begin with.
pub(crate) const WAITING_PREFIX: &str = "WAITING#";
/// What the sort keys of alarms begin with.
pub(crate) const ALARM_PREFIX: &str = "ALARM#";
/// Shards of due work. One takes about 1 000 writes a second; a call changes its due time a dozen times in its life.
pub(crate) const DUE_SHARDS: u32 = 8;
/// Shards of a day's figures of one provider.
pub(crate) const CALL_SHARDS: u32 = 4;
/// The account of every provider that this installation has. It is part of every reference, so that a tenant can have an
/// account of its own one day without anything being moved.
pub(super) const ACCOUNT: &str = "main";

impl Key {
    /// A call's row.
    #[must_use]
    pub fn call(id: CallId) -> Self {
        Self::new(format!("CALL#{id}"), "CALL")
    }

    /// One entry of a call's timeline.
    pub(crate) fn call_entry(call: CallId, entry: EventId) -> Self {
        Self::new(format!("CALL#{call}"), format!("{ENTRY_PREFIX}{entry}"))
    }

    /// One part of a transcript.
    pub(crate) fn transcript(call: CallId, fingerprint: &str, part: usize) -> Self {
        Self::new(format!("CALL#{call}"), format!("TRANSCRIPT#{fingerprint}#{part:03}"))
    }

    /// What a provider's name for a call stands for.
    #[must_use]
    pub fn reference(provider: ProviderId, external: &str) -> Self {
        Self::new(format!("REF#{provider}#{ACCOUNT}#{external}"), "REF")
    }

    /// Something that was delivered under a name that is nobody's yet.
    pub(crate) fn waiting(provider: ProviderId, external: &str, event: EventId) -> Self {
        Self::new(format!("REF#{provider}#{ACCOUNT}#{external}"), format!("{WAITING_PREFIX}{event}"))
    }

    /// An attempt to reach a number that may be up, whoever's it is.
    pub(crate) fn open_leg(number: &PhoneNumber, leg: LegId) -> Self {
        Self::new(format!("OPEN#{}", digest(number.expose())), leg.to_string())
    }

    /// The seconds of realtime calls in a day: a person's, or all of a tenant's.
    pub(crate) fn realtime_minutes(tenant: &TenantId, day: &str, user: Option<&str>) -> Self {
        let whose = user.map_or_else(|| "TENANT".to_owned(), |user| format!("USER#{user}"));
        Self::new(format!("MINUTES#{tenant}#{day}"), whose)
    }

    /// How many realtime credentials a person was given in a day.
    pub(crate) fn realtime_tokens(tenant: &TenantId, day: &str, user: &str) -> Self {
        Self::new(format!("TOKENS#{tenant}#{day}"), format!("USER#{user}"))
    }

    /// What a tenant has spent in a day.
    pub(crate) fn spend(tenant: &TenantId, day: &str) -> Self {
        Self::new(format!("SPEND#{tenant}#{day}"), "TENANT")
    }

    /// What one key of a tenant has spent in a day.
    pub(crate) fn spend_of_key(tenant: &TenantId, day: &str, principal: &str) -> Self {
        Self::new(format!("SPEND#{tenant}#{day}"), format!("KEY#{principal}"))
    }

    /// How often a tenant dialled a number in a day.
    pub(crate) fn dials_to(tenant: &TenantId, number: &PhoneNumber, day: &str) -> Self {
        Self::new(format!("DIALS#{tenant}#to#{}", digest(number.expose())), day)
    }

    /// How often a tenant dialled into a range of numbers in an hour.
    pub(crate) fn dials_into(tenant: &TenantId, range: &str, hour: &str) -> Self {
        Self::new(format!("DIALS#{tenant}#range#{}", digest(range)), hour)
    }

    /// How many numbers a tenant dialled for the first time in an hour.
    pub(crate) fn dials_to_new(tenant: &TenantId, hour: &str) -> Self {
        Self::new(format!("DIALS#{tenant}#new"), hour)
    }

    /// A number that a tenant has dialled before.
    pub(crate) fn destination(tenant: &TenantId, number: &PhoneNumber) -> Self {
        Self::new(format!("DESTINATION#{tenant}#{}", digest(number.expose())), "DESTINATION")
    }

    /// A shard of the figures of a day.
    pub(crate) fn figures(tenant: &TenantId, day: &str, provider: &str, shard: u32) -> Self {
        let month = day.get(..7).unwrap_or(day);
        Self::new(figures_partition(tenant, month), format!("{day}#{provider}#{shard}"))
    }

    /// An alarm about a call.
    pub(crate) fn call_alarm(call: CallId, alarm: AlarmId) -> Self {
        Self::new(format!("CALL#{call}"), format!("{ALARM_PREFIX}{alarm}"))
    }

    /// An alarm about an account.
    pub(crate) fn account_alarm(tenant: &TenantId, kind: AlarmKind) -> Self {
        Self::new(format!("ALARMS#{tenant}"), format!("{ALARM_PREFIX}{}", kind.as_str()))
    }
}

/// The partition of a month's figures.
pub(crate) fn figures_partition(tenant: &TenantId, month: &str) -> String {
    format!("FIGURES#{tenant}#{month}")
}

/// The partition of `gsi1` with a month's calls of a tenant.
pub(crate) fn call_list(tenant: &TenantId, month: &str) -> String {
    format!("CALLS#{tenant}#{month}")
}

/// The partition of `gsi1` with a tenant's alarms.
pub(crate) fn alarm_list(tenant: &TenantId, open: bool) -> String {
    format!("ALARMS#{tenant}#{}", if open { "open" } else { "closed" })
}

/// The partition of the attempts to reach a number.
pub(crate) fn open_legs(number: &PhoneNumber) -> String {
    format!("OPEN#{}", digest(number.expose()))
}

/// A place in a list by time: sorts as the moments do.
pub(crate) fn list_place(at: Timestamp, name: impl std::fmt::Display) -> String {
    format!("{:015}#{name}", at.epoch_millis())
}

/// The partition of `gsi2` that a call's due work is in.
pub(crate) fn due_shard(shard: u32) -> String {
    format!("DUE#{shard}")
}

/// Which of `shards` something with this name belongs to.
pub(crate) fn figure_shard(name: &str, shards: u32) -> u32 {
    let byte = Sha256::digest(name.as_bytes()).first().copied().unwrap_or_default();
    u32::from(byte) % shards
}

/// A number as part of a key: keys reach metrics and exports where no number belongs.
fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes())).chars().take(32).collect()
}
