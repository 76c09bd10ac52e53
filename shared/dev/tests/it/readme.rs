//! The README is true: its tables are compared with the code, and its curl lines are run as they are printed.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use switchboard_core::{EndReason, Fault};
use switchboard_lambda::status_and_code;

use crate::deployment::{RouteInWords, deployed, routes, template};
use crate::harness::{Answer, TestWorld};
use crate::permissions::allowed;
use crate::repository::{entries, root, text};
use crate::shell::{Command, commands};
use crate::tour::recording;

fn readme() -> String {
    text("README.md")
}

/// What is under a heading of the second level.
fn section(title: &str) -> String {
    let readme = readme();
    let heading = format!("\n## {title}\n");
    let (_, rest) = readme.split_once(&heading).unwrap_or_else(|| panic!("there is no section {title}"));
    rest.split("\n## ").next().unwrap().to_owned()
}

/// The rows of the first table in a section whose first column is called so.
fn table(title: &str, first_column: &str) -> Vec<Vec<String>> {
    let section = section(title);
    let cells = |line: &str| -> Vec<String> {
        let inner = line.trim().trim_start_matches('|').trim_end_matches('|');
        inner.split(" | ").map(|cell| cell.trim().trim_matches('|').trim().to_owned()).collect()
    };
    let mut lines = section.lines().skip_while(|line| !line.starts_with(&format!("| {first_column} |")));
    assert!(lines.next().is_some(), "{title} has no table of {first_column}");
    lines.skip(1).take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// A cell without its code marks.
fn plain(cell: &str) -> String {
    cell.replace('`', "")
}

#[test]
fn the_table_of_routes_is_what_the_functions_declare() {
    let written: BTreeSet<RouteInWords> = table("Routes", "method")
        .into_iter()
        .map(|row| RouteInWords {
            method: row[0].clone(),
            path: plain(&row[1]),
            function: row[2].clone(),
            credentials: row[3].clone(),
            scope: row[4].clone(),
            rate: row[5].clone(),
            body: row[6].clone(),
            key: row[7].clone(),
        })
        .collect();
    let declared: BTreeSet<RouteInWords> = routes().into_iter().collect();
    assert_eq!(written, declared);
}

/// Every variable of the template as (parameter, default, functions).
fn variables() -> BTreeMap<String, (String, String, String)> {
    let template = template();
    let functions = deployed();
    let of = |holder: &Value| holder.pointer("/Environment/Variables").and_then(Value::as_object).cloned();
    let mut given: BTreeMap<String, (Value, BTreeSet<String>)> = BTreeMap::new();
    for (name, value) in of(&template["Globals"]["Function"]).unwrap() {
        given.insert(name, (value, functions.keys().cloned().collect()));
    }
    for (function, properties) in &functions {
        for (name, value) in of(properties).unwrap_or_default() {
            given.entry(name).or_insert((value, BTreeSet::new())).1.insert(function.clone());
        }
    }
    given
        .into_iter()
        .map(|(name, (value, users))| {
            let source = value["Ref"].as_str().unwrap_or_else(|| panic!("{name} is no reference"));
            let users =
                if users.len() == functions.len() { "all".to_owned() } else { Vec::from_iter(users).join(", ") };
            let parameter = template["Parameters"].get(source);
            let row = match parameter.map(|parameter| parameter["Default"].as_str().unwrap()) {
                Some("") => (source.to_owned(), "empty".to_owned(), users),
                Some(default) => (source.to_owned(), default.to_owned(), users),
                None => ("—".to_owned(), format!("the stack's {}", source.to_lowercase()), users),
            };
            (name, row)
        })
        .collect()
}

#[test]
fn the_table_of_variables_is_what_the_template_gives() {
    let written: BTreeMap<String, (String, String, String)> = table("Configuration", "variable")
        .into_iter()
        .map(|row| (plain(&row[0]), (plain(&row[1]), plain(&row[2]), row[3].clone())))
        .collect();
    assert_eq!(written, variables());
    let configuration = section("Configuration");
    for parameter in template()["Parameters"].as_object().unwrap().keys() {
        assert!(configuration.contains(&format!("`{parameter}`")), "the parameter {parameter} is not explained");
    }
}

#[test]
fn the_table_of_secrets_names_who_may_read_them() {
    let mut readers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (function, properties) in deployed() {
        for permission in allowed(&properties) {
            if let Some(secret) = permission.strip_prefix("secretsmanager:GetSecretValue on secret ") {
                readers.entry(secret.to_owned()).or_default().push(function.clone());
            }
        }
    }
    let readers: BTreeMap<String, String> = readers.into_iter().map(|(name, who)| (name, who.join(", "))).collect();
    let rows = table("Secrets", "secret");
    let written: BTreeMap<String, String> = rows.iter().map(|row| (plain(&row[0]), row[2].clone())).collect();
    assert_eq!(written, readers);
    for (name, published) in switchboard_dev::credentials::secrets() {
        let row = rows.iter().find(|row| plain(&row[0]) == name).unwrap();
        for key in published.as_object().unwrap().keys() {
            assert!(row[1].contains(&format!("`{key}`")), "{name}: {key}");
        }
    }
}

/// Every meaning. The match has no default, so that a new one is led here by the compiler.
fn faults() -> Vec<Fault> {
    use Fault::*;
    let all = [
        InvalidRequest,
        Unauthenticated,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        PayloadTooLarge,
        UnsupportedMediaType,
        Conflict,
        InProgress,
        SessionEnded,
        SessionExpired,
        IdempotencyMismatch,
        UnsupportedByProvider,
        ProviderRejected,
        RateLimited,
        ConcurrencyLimit,
        ProviderUnavailable,
        ProviderBusy,
        Unavailable,
        ProviderTimeout,
        Internal,
        InvalidPhoneNumber,
        MissingParameters,
        BudgetExceeded,
    ];
    for fault in all {
        match fault {
            InvalidRequest | Unauthenticated | Forbidden | NotFound | MethodNotAllowed | PayloadTooLarge => {}
            UnsupportedMediaType | Conflict | InProgress | SessionEnded | SessionExpired | IdempotencyMismatch => {}
            UnsupportedByProvider | ProviderRejected | RateLimited | ConcurrencyLimit | ProviderUnavailable => {}
            ProviderBusy | Unavailable | ProviderTimeout | Internal => {}
            InvalidPhoneNumber | MissingParameters | BudgetExceeded => {}
        }
    }
    all.to_vec()
}

#[test]
fn the_table_of_errors_is_complete() {
    let written: BTreeSet<(String, String)> =
        table("Errors", "status").into_iter().map(|row| (row[0].clone(), plain(&row[1]))).collect();
    let codes = faults().into_iter().map(status_and_code);
    assert_eq!(written, codes.map(|(status, code)| (status.as_u16().to_string(), code.to_owned())).collect());
}

#[test]
fn the_table_of_end_reasons_is_what_the_code_says_of_each() {
    let word = |value: Value| value.as_str().unwrap().to_owned();
    let written: BTreeSet<Vec<String>> = table("Calls", "end reason")
        .into_iter()
        .map(|row| [plain(&row[0])].into_iter().chain(row[1..4].iter().cloned()).collect())
        .collect();
    let known = EndReason::ALL.map(|reason| {
        let retryable = if reason.retryable() { "yes" } else { "no" };
        let fault = word(serde_json::to_value(reason.at_fault()).unwrap());
        let billable = word(serde_json::to_value(reason.billable()).unwrap());
        vec![reason.as_str().to_owned(), fault, retryable.to_owned(), billable]
    });
    assert_eq!(written, known.into());
}

#[test]
fn the_table_of_refusals_is_what_the_dial_policy_says() {
    use switchboard_core::PolicyRefusal::*;
    let written: BTreeMap<String, String> = table("Calls", "reason")
        .iter()
        .flat_map(|row| row[0].split(", ").map(|reason| (plain(reason), plain(&row[1]))))
        .collect();
    let all = [
        CountriesNotSet,
        CountryNotListed { region: None },
        Premium,
        SharedCost,
        Satellite,
        Short,
        DestinationCap,
        RangeCap,
        NewDestinations,
        TenantSpend,
        KeySpend,
    ];
    let known = all.map(|refusal| {
        let (status, code) = status_and_code(switchboard_lambda::refusal(refusal).fault());
        (refusal.code().to_owned(), format!("{} {code}", status.as_u16()))
    });
    assert_eq!(written, known.into());
}

#[test]
fn the_tree_is_a_map_of_what_is_there() {
    let section = section("The tree");
    let map = section.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let mut written = BTreeSet::new();
    let mut parent = String::new();
    for line in map.lines() {
        let name = line.split_whitespace().next().unwrap();
        assert!(line.trim_start().len() > name.len() + 2, "{name} is not explained");
        let path = if line.starts_with("  ") { format!("{parent}{name}") } else { name.to_owned() };
        if !line.starts_with(' ') {
            parent = if name.ends_with('/') { name.to_owned() } else { String::new() };
        }
        let is_directory = root().join(&path).is_dir();
        assert_eq!(is_directory, path.ends_with('/'), "{path} is there, and a directory if it looks like one");
        assert!(root().join(&path).exists(), "{path} is not there");
        written.insert(path.trim_end_matches('/').to_owned());
    }
    let mut there: BTreeSet<String> =
        entries("").into_iter().filter(|name| !name.starts_with('.') && name != "target").collect();
    for place in ["functions", "shared"] {
        there.extend(entries(place).into_iter().map(|name| format!("{place}/{name}")));
    }
    assert_eq!(written, there);
}

#[test]
fn the_links_of_the_readme_lead_somewhere() {
    let readme = readme();
    let anchors: BTreeSet<String> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|title| title.to_lowercase().replace(' ', "-"))
        .collect();
    let mut seen = 0;
    for link in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        match link.strip_prefix('#') {
            Some(anchor) => assert!(anchors.contains(anchor), "#{anchor}"),
            None if link.starts_with("https://") => {}
            None => assert!(root().join(link).exists(), "{link}"),
        }
        seen += 1;
    }
    assert!(seen > 10);
}

/// What a reader has copied from answers so far, by the placeholder it stands for.
#[derive(Default)]
struct Clipboard(BTreeMap<&'static str, String>);

impl Clipboard {
    fn copy(&mut self, answer: &Answer) {
        for (placeholder, field) in [
            ("your-session-id", "sessionId"),
            ("your-token", "token"),
            ("your-upload-url", "url"),
            ("your-upload-id", "uploadId"),
            ("your-call-id", "callId"),
            ("your-hook-id", "hookId"),
        ] {
            if let Some(value) = answer.json[field].as_str() {
                self.0.insert(placeholder, value.to_owned());
            }
        }
    }

    fn paste(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
    }
}

/// What curl would send.
async fn curl(world: &TestWorld, clipboard: &Clipboard, words: &[String]) -> Answer {
    let mut words =
        words.iter().skip(1).map(|word| clipboard.paste(word).replace("http://localhost:3000", world.base()));
    let (mut method, mut url, mut headers, mut body) = (None, None, Vec::new(), None);
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_else(|| panic!("{word} has no value"));
        match word.as_str() {
            "-X" => method = Some(value()),
            "-H" => headers.push(value()),
            "-d" => body = Some(value().into_bytes()),
            "--data-binary" => {
                assert_eq!(value(), "@hello.wav");
                body = Some(recording(8_000));
            }
            option if option.starts_with('-') => panic!("the test does not know curl's {option}"),
            _ => url = Some(word),
        }
    }
    let method = method.unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
    let mut request = world.http().request(method.parse().unwrap(), url.unwrap());
    if body.is_some() && !headers.iter().any(|header| header.to_lowercase().starts_with("content-type:")) {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    Answer::read(request.body(body.unwrap_or_default()).send().await.unwrap()).await
}

#[tokio::test]
async fn every_curl_line_works_as_it_is_printed() {
    let world = TestWorld::start().await;
    let readme = readme();
    let mut clipboard = Clipboard::default();
    let mut run = 0;
    let mut spoken = 0;
    for block in readme.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()) {
        for Command { words, promised } in commands(block) {
            if words[0] != "curl" {
                assert_eq!(words[0], "cargo", "{words:?}");
                continue;
            }
            let answer = curl(&world, &clipboard, &words).await;
            let promised = promised.unwrap_or_else(|| panic!("nothing is promised of {words:?}"));
            assert_eq!(answer.status, promised, "{words:?}: {}", String::from_utf8_lossy(&answer.body));
            clipboard.copy(&answer);
            spoken += usize::from(answer.json.pointer("/response/text").is_some_and(|text| text != ""));
            run += 1;
        }
    }
    assert!(run >= 20, "the lines were found: {run}");
    assert_eq!(spoken, 2, "the agent answered");
}

#[test]
fn the_readme_prints_what_this_world_publishes() {
    let readme = readme();
    for published in [
        switchboard_dev::credentials::LOCAL_KEY,
        switchboard_dev::credentials::OTHER_KEY,
        switchboard_dev::credentials::OMI_WEBHOOK_SECRET,
        switchboard_dev::credentials::TWILIO_ACCOUNT_SID,
        switchboard_dev::credentials::TWILIO_AUTH_TOKEN,
        switchboard_dev::credentials::TWILIO_NUMBERS[0],
        switchboard_dev::credentials::HAMSA_VOICE_AGENT_ID,
        switchboard_dev::credentials::OPENAI_API_KEY,
        switchboard_dev::credentials::OPENAI_WEBHOOK_SECRET,
        switchboard_dev::credentials::CHATKIT_AGENT_ID,
    ] {
        assert!(readme.contains(published), "{published}");
    }
    let scopes = switchboard_core::Scope::ALL;
    assert!(scopes.iter().any(|scope| readme.contains(&format!("`{scope}`"))));
}
