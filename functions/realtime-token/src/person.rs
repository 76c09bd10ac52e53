//! For whom a realtime call is: whose calls and minutes are counted, and the name that OpenAI knows them by.
//!
//! Neither the table nor OpenAI gets the application's own name for a person, only what stands for it in this tenant.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use switchboard_auth::{Caller, Principal};
use switchboard_core::{Fault, MAX_USER_ID_CHARS, Personal, SessionStatus, TenantId, Unusable};
use switchboard_lambda::{ApiError, session_of, session_unusable};
use switchboard_providers::openai::SafetyId;

use crate::App;

/// A person.
#[derive(Debug)]
pub(crate) struct Person {
    /// Stands for them in the table.
    pub(crate) key: String,
    /// Stands for them at OpenAI.
    pub(crate) safety: SafetyId,
    /// The application's name for them, if it has given one.
    pub(crate) user_id: Option<Personal>,
}

/// The person whom a request is for: as it names them, else the key itself. A session's token is for that session's person.
///
/// # Errors
/// 400 for a name that is none, 403 from a session token that names somebody, 404 or 409 if its session takes nothing any more.
pub(crate) async fn person(app: &App, caller: &Caller, named: Option<&str>) -> Result<Person, ApiError> {
    let tenant = caller.tenant();
    match caller.principal() {
        Principal::Session { id, .. } => {
            let session = session_of(&app.shell, caller, *id).await?;
            match session.status(app.shell.now()) {
                Some(SessionStatus::Active) => {}
                Some(SessionStatus::Ended) => return Err(session_unusable(Unusable::Ended)),
                Some(SessionStatus::Expired) => return Err(session_unusable(Unusable::Expired)),
                None => return Err(session_unusable(Unusable::Unknown)),
            }
            if named.is_some_and(|named| named != session.user_id.expose()) {
                let message = "a session token is for its own session's user; leave userId out";
                return Err(ApiError::new(Fault::Forbidden, message));
            }
            Ok(of(tenant, "user", Some(session.user_id)))
        }
        _ => match named {
            Some(named) => {
                let chars = named.chars().count();
                if named.trim().is_empty() || chars > MAX_USER_ID_CHARS || named.chars().any(char::is_control) {
                    let message = format!("must have 1 to {MAX_USER_ID_CHARS} characters, none of them a control");
                    return Err(ApiError::invalid("userId", message));
                }
                Ok(of(tenant, "user", Some(Personal::new(named))))
            }
            None => Ok(Person { user_id: None, ..of(tenant, "key", Some(Personal::new(caller.principal_key()))) }),
        },
    }
}

/// Somebody of a tenant by the application's name for them.
pub(crate) fn user(tenant: &TenantId, named: &str) -> Person {
    of(tenant, "user", Some(Personal::new(named)))
}

fn of(tenant: &TenantId, kind: &str, name: Option<Personal>) -> Person {
    let digest = digest(tenant, kind, name.as_ref().map_or("", Personal::expose));
    let key = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Person { key, safety: SafetyId::of(&digest), user_id: name }
}

/// HMAC-SHA256 of the person under the tenant's name: the same person of another tenant is somebody else.
fn digest(tenant: &TenantId, kind: &str, name: &str) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(tenant.as_str().as_bytes()) else { return [0; 32] };
    mac.update(kind.as_bytes());
    mac.update(b"\0");
    mac.update(name.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_the_same_each_time_and_another_in_another_tenant() {
        let (acme, other) = (TenantId::parse("acme").unwrap(), TenantId::parse("other").unwrap());
        assert_eq!(user(&acme, "ada").key, user(&acme, "ada").key);
        assert_ne!(user(&acme, "ada").key, user(&other, "ada").key);
        assert_ne!(user(&acme, "ada").key, user(&acme, "bob").key);
        assert_ne!(user(&acme, "ada").key, of(&acme, "key", Some(Personal::new("ada"))).key);
        assert!(!user(&acme, "ada").key.contains("ada"));
    }
}
