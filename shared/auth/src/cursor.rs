//! Cursors: where a list goes on.
//!
//! Opaque to the client, signed, and bound to the tenant and the list that it came from: one tenant's cursor means nothing
//! in another's hands, nor in another list.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::SigningKeys;
use crate::signing::{mac, mac_holds};

const PURPOSE: &str = "cursor";
/// Bytes of the tag in front of the position; 128 bits cannot be guessed within a cursor's use.
const TAG_BYTES: usize = 16;
/// Longest cursor that is looked at, in characters.
const MAX_CHARS: usize = 2_048;

/// A position in a list: the key of the last item that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

impl Cursor {
    /// A cursor behind the item with this key.
    pub fn after(position: impl Into<String>) -> Self {
        Self(position.into())
    }

    /// The key of the last item that was given.
    #[must_use]
    pub fn position(&self) -> &str {
        &self.0
    }

    /// Writes the cursor out for a client. `list` names the list, the tenant included.
    #[must_use]
    pub fn seal(&self, keys: &SigningKeys, list: &str) -> String {
        let position = self.0.as_bytes();
        let key = keys.iter().next().map(|key| key.derive(PURPOSE)).unwrap_or_default();
        let mut bytes = mac(&key, &parts(list, position));
        bytes.truncate(TAG_BYTES);
        bytes.extend_from_slice(position);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a cursor that [`Cursor::seal`] made for the same list. `None` for anything else.
    #[must_use]
    pub fn open(text: &str, keys: &SigningKeys, list: &str) -> Option<Self> {
        if text.len() > MAX_CHARS {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (tag, position) = bytes.split_at_checked(TAG_BYTES)?;
        let holds = keys.iter().any(|key| tag_holds(&key.derive(PURPOSE), &parts(list, position), tag));
        if !holds {
            return None;
        }
        String::from_utf8(position.to_vec()).ok().map(Self)
    }
}

/// The list's name and the position with an unambiguous border between them.
fn parts<'a>(list: &'a str, position: &'a [u8]) -> [&'a [u8]; 3] {
    [list.as_bytes(), b"\0", position]
}

fn tag_holds(key: &[u8], parts: &[&[u8]], tag: &[u8]) -> bool {
    let mut full = mac(key, parts);
    let rest = full.split_off(TAG_BYTES);
    // Completing the tag lets the constant-time comparison of the whole do the work.
    mac_holds(key, parts, &[tag, rest.as_slice()].concat())
}

#[cfg(test)]
mod tests {
    use switchboard_core::Secret;

    use super::*;

    fn keys(name: &str) -> SigningKeys {
        SigningKeys::new(vec![Secret::new(name.repeat(32))]).unwrap()
    }

    #[test]
    fn a_cursor_is_read_by_its_own_list_and_key_only() {
        let cursor = Cursor::after("TURN#0199");
        let text = cursor.seal(&keys("a"), "acme/turns/1");
        assert_eq!(Cursor::open(&text, &keys("a"), "acme/turns/1"), Some(cursor));
        assert_eq!(Cursor::open(&text, &keys("a"), "other/turns/1"), None);
        assert_eq!(Cursor::open(&text, &keys("b"), "acme/turns/1"), None);
        for wrong in ["", "AAAA", "!", &text.to_uppercase(), &format!("{text}AA"), &"A".repeat(4_000)] {
            assert_eq!(Cursor::open(wrong, &keys("a"), "acme/turns/1"), None, "{wrong:?}");
        }
    }
}
