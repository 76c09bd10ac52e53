//! What a path of Twilio's API names.

/// The version that every path and every call carries.
pub(super) const VERSION: &str = "2010-04-01";

/// What every path begins with.
pub(super) const API: &str = "/2010-04-01/Accounts";

/// A resource of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    Account,
    Balance,
    Numbers,
    Calls,
    Call(&'a str),
    RecordingsOf(&'a str),
    Recordings,
    Recording(&'a str),
    Media { recording: &'a str, mp3: bool },
}

/// The account and the resource of a path. Without the suffix `.json` Twilio would answer XML, which nobody here reads.
pub(super) fn named(path: &str) -> Option<(&str, Resource<'_>)> {
    let rest = path.strip_prefix(API)?.strip_prefix('/')?;
    if let Some(account) = rest.strip_suffix(".json").filter(|account| !account.contains('/')) {
        return Some((account, Resource::Account));
    }
    let (account, rest) = rest.split_once('/')?;
    if let Some((recording, mp3)) = media(rest) {
        return Some((account, Resource::Media { recording, mp3 }));
    }
    let segments: Vec<&str> = rest.strip_suffix(".json")?.split('/').collect();
    let resource = match *segments.as_slice() {
        ["Balance"] => Resource::Balance,
        ["IncomingPhoneNumbers"] => Resource::Numbers,
        ["Calls"] => Resource::Calls,
        ["Calls", sid] => Resource::Call(sid),
        ["Calls", sid, "Recordings"] => Resource::RecordingsOf(sid),
        ["Recordings"] => Resource::Recordings,
        ["Recordings", sid] => Resource::Recording(sid),
        _ => return None,
    };
    Some((account, resource))
}

/// `Recordings/{RE}.mp3`, or without or with the suffix `.wav`.
fn media(path: &str) -> Option<(&str, bool)> {
    let file = path.strip_prefix("Recordings/").filter(|file| !file.contains('/'))?;
    match file.rsplit_once('.') {
        Some((sid, "mp3")) => Some((sid, true)),
        Some((sid, "wav")) => Some((sid, false)),
        Some(_) => None,
        None => Some((file, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_one_resource_of_one_account() {
        for (path, resource) in [
            ("AC1.json", Some(Resource::Account)),
            ("AC1/Balance.json", Some(Resource::Balance)),
            ("AC1/Calls.json", Some(Resource::Calls)),
            ("AC1/Calls/CA1.json", Some(Resource::Call("CA1"))),
            ("AC1/Calls/CA1/Recordings.json", Some(Resource::RecordingsOf("CA1"))),
            ("AC1/Recordings.json", Some(Resource::Recordings)),
            ("AC1/Recordings/RE1.json", Some(Resource::Recording("RE1"))),
            ("AC1/Recordings/RE1", Some(Resource::Media { recording: "RE1", mp3: false })),
            ("AC1/Recordings/RE1.mp3", Some(Resource::Media { recording: "RE1", mp3: true })),
            ("AC1/Calls", None),
            ("AC1/Calls/CA1/Streams.json", None),
        ] {
            assert_eq!(named(&format!("{API}/{path}")), resource.map(|resource| ("AC1", resource)), "{path}");
        }
        assert_eq!(named("/2008-08-01/Accounts/AC1.json"), None);
    }
}
