//! `cargo dev import-env`: from the `.env` file of an old deployment (R0, R1, R4) to secrets and parameters of this one.
//!
//! Secrets go into files that only their owner can read: one for the local world, one for each secret of a deployment. What is
//! printed names them and shows the ends of their values, never the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Map, Value};

use self::dotenv::DotEnv;
use self::variables::{Fate, VARIABLES};
use super::{DataArgument, Failed};
use crate::terminal::print;
use crate::world::Directory;

mod dotenv;
mod variables;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The old deployment's file.
    file: PathBuf,
    /// What the names of the deployment's secrets begin with; samconfig.toml has `switchboard` for prod, `switchboard/dev` for dev.
    #[arg(long, default_value = "switchboard")]
    prefix: String,
    #[command(flatten)]
    data: DataArgument,
}

/// An old deployment, sorted.
#[derive(Debug, Default)]
struct Import {
    secrets: BTreeMap<&'static str, Map<String, Value>>,
    parameters: BTreeMap<&'static str, String>,
    gone: Vec<(String, &'static str)>,
    unknown: BTreeSet<String>,
    empty: BTreeSet<String>,
    remarks: Vec<String>,
}

impl Import {
    fn sort(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut import = Self::default();
        for (name, value) in variables {
            let fate = VARIABLES.iter().find(|(known, _)| *known == name).map(|(_, fate)| fate);
            match fate {
                None => {
                    import.unknown.insert(name);
                }
                Some(Fate::Gone(why)) => import.gone.push((name, why)),
                Some(_) if value.trim().is_empty() => {
                    import.empty.insert(name);
                }
                Some(Fate::Parameter(parameter)) => {
                    // The template takes lists without spaces, and SAM reads no value with one.
                    import.parameters.insert(parameter, value.split_whitespace().collect());
                }
                Some(Fate::Secret(secrets)) => {
                    if let Some(value) = import.adapt(&name, value) {
                        for secret in *secrets {
                            let kept = import.secrets.entry(secret).or_default();
                            kept.insert(name.clone(), Value::String(value.clone()));
                        }
                    }
                }
            }
        }
        import
    }

    /// Makes an old value fit, or leaves it out with a remark.
    fn adapt(&mut self, name: &str, value: String) -> Option<String> {
        /// Fewest bytes of the key that tokens are signed with.
        const MIN_SIGNING_BYTES: usize = 32;
        match name {
            "JWT_SECRET" if value.len() < MIN_SIGNING_BYTES => {
                self.remarks.push(format!(
                    "JWT_SECRET has {} bytes, too few to sign with (32 are needed); it is left out. Make one: openssl rand -base64 48",
                    value.len()
                ));
                None
            }
            "OMI_WEBHOOK_SECRET" if !is_usable_webhook_secret(&value) => {
                self.remarks.push(format!(
                    "OMI_WEBHOOK_SECRET is too short, or whsec_ without base64 behind it ({MIN_WEBHOOK_BYTES} bytes are needed); it is left out"
                ));
                None
            }
            "OMI_WEBHOOK_SECRET" if !value.starts_with("whsec_") => {
                self.remarks.push(
                    "OMI_WEBHOOK_SECRET is written in the form of Standard Webhooks, whsec_ and its base64; give OMI the same"
                        .to_owned(),
                );
                Some(format!("whsec_{}", STANDARD.encode(value)))
            }
            _ => Some(value),
        }
    }
}

pub(super) fn import_env(arguments: &Arguments) -> Result<(), Failed> {
    let text = std::fs::read_to_string(&arguments.file)
        .map_err(|error| Failed(format!("{} cannot be read: {error}", arguments.file.display())))?;
    let file = DotEnv::read(&text);
    let mut import = Import::sort(file.variables);
    import.remarks.extend(file.unread.iter().map(|line| format!("line {line} is not NAME=value and was left out")));
    let directory = &arguments.data.data;
    let written = write_files(&import, directory)?;
    print(&report(&import, &arguments.prefix, directory, &written));
    Ok(())
}

/// Fewest bytes of a webhook secret that deliveries are believed with.
const MIN_WEBHOOK_BYTES: usize = 16;

/// Whether an old webhook secret can be used: as it is, or written in the form of Standard Webhooks.
fn is_usable_webhook_secret(value: &str) -> bool {
    match value.strip_prefix("whsec_") {
        Some(encoded) => STANDARD.decode(encoded).is_ok_and(|bytes| bytes.len() >= MIN_WEBHOOK_BYTES),
        None => value.len() >= MIN_WEBHOOK_BYTES,
    }
}

/// Writes the secrets: all of them for the local world, and each by itself for a deployment.
fn write_files(import: &Import, directory: &Path) -> Result<BTreeMap<&'static str, PathBuf>, Failed> {
    let parts = directory.join("import");
    std::fs::create_dir_all(&parts).map_err(|error| Failed(format!("{}: {error}", parts.display())))?;
    let local: Map<String, Value> = import
        .secrets
        .iter()
        .map(|(secret, values)| (format!("switchboard/{secret}"), Value::Object(values.clone())))
        .collect();
    write_private(&Directory::secrets_file(directory), &Value::Object(local))?;
    let mut written = BTreeMap::new();
    for (secret, values) in &import.secrets {
        let path = parts.join(format!("{secret}.json"));
        write_private(&path, &Value::Object(values.clone()))?;
        written.insert(*secret, path);
    }
    Ok(written)
}

/// Writes a file that nobody else can read.
fn write_private(path: &Path, value: &Value) -> Result<(), Failed> {
    let failed = |error: std::io::Error| Failed(format!("{}: {error}", path.display()));
    // A file that is there would keep its old permissions.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(format!("{value:#}\n").as_bytes()).map_err(failed)
}

fn report(import: &Import, prefix: &str, directory: &Path, written: &BTreeMap<&'static str, PathBuf>) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "# Secrets (for the local world: {})", Directory::secrets_file(directory).display());
    for (secret, values) in &import.secrets {
        for (name, value) in values {
            let _ = writeln!(text, "#   {name} {} -> {prefix}/{secret}", masked(value.as_str().unwrap_or_default()));
        }
    }
    for (secret, path) in written {
        let _ = writeln!(
            text,
            "aws secretsmanager create-secret --name {prefix}/{secret} --secret-string file://{}",
            path.display()
        );
    }
    let _ = writeln!(text, "# Parameters");
    let _ = writeln!(text, "{}", deploy_line(import, prefix));
    for remark in &import.remarks {
        let _ = writeln!(text, "# note: {remark}");
    }
    for (name, why) in &import.gone {
        let _ = writeln!(text, "# not needed: {name} ({why})");
    }
    for name in &import.empty {
        let _ = writeln!(text, "# empty: {name}");
    }
    for name in &import.unknown {
        let _ = writeln!(text, "# unknown: {name}");
    }
    let _ = writeln!(text, "# When the deployment has its secrets: rm -r {}", directory.join("import").display());
    text
}

/// The command that deploys with these parameters. They replace samconfig.toml's, so that the stage and the names of the
/// secrets must be among them.
fn deploy_line(import: &Import, prefix: &str) -> String {
    let (environment, stage) = if prefix.ends_with("/dev") { ("default", "dev") } else { ("prod", "prod") };
    let mut overrides = vec![
        format!("Stage={stage}"),
        format!("OmiSecretName={prefix}/omi"),
        format!("OmiWebhookSecretName={prefix}/omi-webhook"),
        format!("SigningSecretName={prefix}/signing"),
    ];
    overrides.extend(import.parameters.iter().map(|(name, value)| format!("{name}={}", shell_quoted(value))));
    format!("sam deploy --config-env {environment} --parameter-overrides {}", overrides.join(" "))
}

/// The ends of a secret, if it is long enough that they give nothing away.
fn masked(secret: &str) -> String {
    const SHOWN: usize = 4;
    const MIN_CHARS: usize = 16;
    let chars: Vec<char> = secret.chars().collect();
    if chars.len() < MIN_CHARS {
        return "…".to_owned();
    }
    let first: String = chars.iter().take(SHOWN).collect();
    let last: String = chars.iter().skip(chars.len() - SHOWN).collect();
    format!("{first}…{last}")
}

/// A value as a shell reads it back unchanged.
fn shell_quoted(value: &str) -> String {
    let plain = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./:@,+".contains(&b));
    if plain { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(pairs: &[(&str, &str)]) -> Import {
        Import::sort(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn no_secret_is_printed_in_full() {
        let secrets = ["omi_live_1234567890abcdef", "short", "a-webhook-secret-of-old", "s".repeat(40).leak()];
        let import = import(&[
            ("OMI_API_KEY", secrets[0]),
            ("OMI_API_SECRET", secrets[1]),
            ("OMI_WEBHOOK_SECRET", secrets[2]),
            ("JWT_SECRET", secrets[3]),
        ]);
        let text = report(&import, "switchboard", Path::new(".switchboard"), &BTreeMap::new());
        for secret in secrets {
            assert!(!text.contains(secret), "{text}");
        }
        assert!(text.contains("omi_…cdef"));
    }

    #[test]
    fn every_variable_ends_up_somewhere_and_unknown_ones_are_listed() {
        let import = import(&[
            ("OMI_MODEL", "omi-advanced"),
            ("NODE_ENV", "development"),
            ("OMI_APP_ID", ""),
            ("SOMETHING_ELSE", "x"),
        ]);
        let text = report(&import, "switchboard", Path::new("d"), &BTreeMap::new());
        for expected in
            ["OmiModel=omi-advanced", "not needed: NODE_ENV", "empty: OMI_APP_ID", "unknown: SOMETHING_ELSE"]
        {
            assert!(text.contains(expected), "{expected} in {text}");
        }
        assert!(!text.contains("SOMETHING_ELSE=x"));
    }

    #[test]
    fn a_weak_signing_key_is_left_out_and_a_plain_webhook_secret_gets_its_form() {
        let import = import(&[("JWT_SECRET", "short"), ("OMI_WEBHOOK_SECRET", "a plain old secret")]);
        assert!(!import.secrets.contains_key("signing"));
        assert_eq!(import.secrets["omi-webhook"]["OMI_WEBHOOK_SECRET"], "whsec_YSBwbGFpbiBvbGQgc2VjcmV0");
        assert_eq!(import.remarks.len(), 2);
        for unusable in ["short", "whsec_!!!", "whsec_c2hvcnQ="] {
            assert!(Import::sort([("OMI_WEBHOOK_SECRET".to_owned(), unusable.to_owned())]).secrets.is_empty());
        }
    }

    #[test]
    fn the_variables_of_the_call_services_all_have_a_place_and_twilios_have_two() {
        let of_old = [
            "OMNIDIMENSION_API_KEY",
            "WEBHOOK_URL",
            "PHP_API_URL",
            "AGENT_NAME",
            "AGENT_VOICE_ID",
            "AGENT_MODEL",
            "AGENT_TEMPERATURE",
            "PYTHON_SERVICE_URL",
            "HAMSA_API_KEY",
            "HAMSA_BASE_URL",
            "HAMSA_VOICE_AGENT_ID",
            "HAMSA_PHONE_NUMBER",
            "HAMSA_PROJECT_ID",
            "TWILIO_ACCOUNT_SID",
            "TWILIO_AUTH_TOKEN",
            "NEXT_PUBLIC_API_BASE_URL",
        ];
        let import = import(&of_old.map(|name| (name, "value-of-old")));
        assert!(import.unknown.is_empty(), "{:?}", import.unknown);
        for secret in ["twilio", "twilio-webhook"] {
            assert_eq!(import.secrets[secret].len(), 2);
        }
    }

    #[test]
    fn every_parameter_that_a_variable_becomes_is_one_of_the_template() {
        let template = include_str!("../../../../template.yaml");
        for (variable, fate) in &VARIABLES {
            if let Fate::Parameter(parameter) = fate {
                assert!(template.contains(&format!("\n  {parameter}:\n")), "{variable}");
            }
        }
    }

    #[test]
    fn values_survive_a_shell() {
        assert_eq!(shell_quoted("https://a.test,b"), "https://a.test,b");
        assert_eq!(shell_quoted("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(shell_quoted(""), "''");
    }
}
