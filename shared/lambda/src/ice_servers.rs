//! The servers that help a browser's peer connection through (`ICE_SERVERS`): STUN, and TURN with credentials that pass.
//!
//! A TURN server that shares a secret with us takes credentials made from it, which hold for a while and need no account (the
//! scheme of draft-uberti-behave-turn-rest-00, as coturn's `use-auth-secret` has it: user name `<unix time of the end>:<name>`,
//! password `base64(HMAC-SHA1(secret, user name))`).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value, json};
use sha1::Sha1;
use switchboard_core::{Freshness, SecretSource, SecretUnavailable, Timestamp};

use crate::config::Config;

/// The key in the secret's JSON.
const TURN_SECRET: &str = "TURN_SECRET";
/// How long TURN credentials hold: as long as a call may last at most (an hour), and some time to connect again.
const TURN_LASTS: Duration = Duration::from_secs(75 * 60);
/// What is used where nothing is configured: a public STUN server, as R3 had.
const DEFAULT: &str = r#"[{"urls":"stun:stun.l.google.com:19302"}]"#;
/// Most servers of a list: browsers warn beyond four, and each costs the time to be asked.
const MAX_SERVERS: usize = 8;

/// The configured servers.
#[derive(Clone, Debug)]
pub struct IceServers {
    servers: Vec<Map<String, Value>>,
    /// The secret that TURN servers share with us.
    secret_name: String,
    secrets: Arc<dyn SecretSource>,
}

impl IceServers {
    /// Reads `ICE_SERVERS` (a JSON array of `RTCIceServer`s) and `TURN_SECRET_NAME`.
    pub fn read(config: &mut Config<'_>, secrets: &Arc<dyn SecretSource>) -> Self {
        let form = "a JSON array of objects {\"urls\": \"stun:…\" or a list of such, \"username\"?, \"credential\"?}, at most 8";
        let servers = config.parsed("ICE_SERVERS", DEFAULT, parse, form).unwrap_or_default();
        Self { servers, secret_name: config.required("TURN_SECRET_NAME"), secrets: Arc::clone(secrets) }
    }

    /// The list for one person, with fresh credentials for TURN servers that have none of their own.
    ///
    /// # Errors
    /// [`SecretUnavailable`] if the shared secret cannot be had.
    pub async fn list(&self, name: &str, now: Timestamp) -> Result<Value, SecretUnavailable> {
        let mut servers = self.servers.clone();
        if servers.iter().any(needs_credential) {
            let bundle = self.secrets.secret(&self.secret_name, Freshness::Cached).await?;
            let secret = bundle.accepted(TURN_SECRET, now).into_iter().next();
            let secret = secret.ok_or_else(|| SecretUnavailable::Incomplete {
                name: self.secret_name.clone(),
                key: TURN_SECRET,
                what: "there is no such key".to_owned(),
            })?;
            let user = format!("{}:{name}", now.plus(TURN_LASTS).epoch_secs());
            let password = password(secret.value.expose().as_bytes(), &user);
            for server in servers.iter_mut().filter(|server| needs_credential(server)) {
                server.insert("username".to_owned(), json!(user));
                server.insert("credential".to_owned(), json!(password));
            }
        }
        Ok(Value::Array(servers.into_iter().map(Value::Object).collect()))
    }
}

fn password(secret: &[u8], user: &str) -> String {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(secret) else { return String::new() };
    mac.update(user.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn urls(server: &Map<String, Value>) -> Vec<&str> {
    match server.get("urls") {
        Some(Value::String(url)) => vec![url],
        Some(Value::Array(urls)) => urls.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn needs_credential(server: &Map<String, Value>) -> bool {
    let turn = urls(server).iter().any(|url| url.starts_with("turn:") || url.starts_with("turns:"));
    turn && !server.contains_key("credential")
}

fn parse(text: &str) -> Option<Vec<Map<String, Value>>> {
    let Value::Array(servers) = serde_json::from_str(text).ok()? else { return None };
    if servers.len() > MAX_SERVERS {
        return None;
    }
    let server = |server: Value| {
        let Value::Object(server) = server else { return None };
        let named = urls(&server);
        let known = |url: &&str| ["stun:", "stuns:", "turn:", "turns:"].iter().any(|scheme| url.starts_with(scheme));
        let texts = ["username", "credential"].iter().all(|name| server.get(*name).is_none_or(Value::is_string));
        (!named.is_empty() && named.iter().all(known) && texts).then_some(server)
    };
    servers.into_iter().map(server).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_whole_or_not_at_all() {
        for (text, fits) in [
            (DEFAULT, true),
            ("[]", true),
            (r#"[{"urls":["turn:t.example.com:3478?transport=udp","turns:t.example.com"]}]"#, true),
            (r#"[{"urls":"turn:t.example.com","username":"u","credential":"c"}]"#, true),
            (r#"[{"urls":"https://t.example.com"}]"#, false),
            (r#"[{"url":"stun:s.example.com"}]"#, false),
            (r#"[{"urls":"stun:s.example.com","username":7}]"#, false),
            (r#"{"urls":"stun:s.example.com"}"#, false),
            ("stun:s.example.com", false),
        ] {
            assert_eq!(parse(text).is_some(), fits, "{text}");
        }
    }

    #[test]
    fn a_turn_password_is_the_one_that_coturn_reckons() {
        // Made with `openssl dgst -sha1 -hmac north -binary | base64`.
        assert_eq!(password(b"north", "1795173708:ada"), PASSWORD_OF_ADA);
    }

    const PASSWORD_OF_ADA: &str = "aLa3KpHqnG39/1jkMhrfwiXb0jU=";
}
