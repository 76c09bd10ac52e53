//! For tests of clients: a server that answers from a script and remembers what it was asked, and what a client is made with.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use serde_json::Value;
use switchboard_core::{
    Clock, Freshness, SecretBundle, SecretSource, SecretStage, SecretUnavailable, SecretVersion, Settings, Timestamp,
};

use crate::HttpClient;

/// In a script: the request is taken, and the connection closed without an answer.
pub(crate) const LOST: (u16, &str) = (0, "");

/// A request as it arrived: the line without the version, the headers by their names in lower case, the body.
#[derive(Clone, Debug)]
pub(crate) struct Arrived {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// Answers each request with the next line of its script, then is gone.
pub(crate) struct Scripted {
    pub(crate) base_url: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Scripted {
    pub(crate) fn answering(script: &[(u16, &str)]) -> Self {
        let script: Vec<_> = script.iter().map(|(status, body)| (*status, "", *body)).collect();
        Self::located(&script)
    }

    /// Answers with a status, a `Location` where there is to be one, and a body.
    pub(crate) fn located(script: &[(u16, &str, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&arrived);
        let script: Vec<(u16, String, String)> = script
            .iter()
            .map(|(status, location, body)| {
                let line = if location.is_empty() { String::new() } else { format!("location: {location}\r\n") };
                (*status, line, (*body).to_owned())
            })
            .collect();
        std::thread::spawn(move || {
            for (status, location, body) in script {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read_request(&mut BufReader::new(&stream));
                seen.lock().unwrap().push(request);
                if status == LOST.0 {
                    continue;
                }
                let head = format!(
                    "HTTP/1.1 {status} x\r\n{location}content-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
            }
        });
        Self { base_url, arrived }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.arrived.lock().unwrap().iter().map(|request| request.line.clone()).collect()
    }

    pub(crate) fn credentials(&self) -> Vec<String> {
        let arrived = self.arrived();
        arrived.iter().map(|request| request.headers.get("authorization").cloned().unwrap_or_default()).collect()
    }

    /// The requests, whole.
    pub(crate) fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    /// The JSON of each request's body; null where there was none.
    pub(crate) fn bodies(&self) -> Vec<Value> {
        let arrived = self.arrived.lock().unwrap();
        arrived.iter().map(|request| serde_json::from_str(&request.body).unwrap_or_default()).collect()
    }
}

fn read_request(stream: &mut impl BufRead) -> Arrived {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let named = lines.iter().filter_map(|line| line.split_once(": "));
    let headers: BTreeMap<_, _> = named.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    Arrived { line: lines[0].trim_end_matches(" HTTP/1.1").to_owned(), headers, body: String::from_utf8(body).unwrap() }
}

/// A secret as JSON, and what it is after it has been fetched again.
#[derive(Debug)]
pub(crate) struct Kept(pub(crate) String, pub(crate) String);

impl Kept {
    /// A key that stays as it is.
    pub(crate) fn key(name: &str, value: &str) -> Self {
        Self::renewed(name, value, value)
    }

    /// A key that is another one when it is fetched again.
    pub(crate) fn renewed(name: &str, value: &str, renewed: &str) -> Self {
        let json = |value: &str| serde_json::json!({ name: value }).to_string();
        Self(json(value), json(renewed))
    }
}

#[async_trait]
impl SecretSource for Kept {
    async fn secret(&self, _name: &str, freshness: Freshness) -> Result<Arc<SecretBundle>, SecretUnavailable> {
        let json = if freshness == Freshness::Cached { &self.0 } else { &self.1 };
        let version = SecretVersion::from_json(SecretStage::Current, Timestamp::from_epoch_secs(0), json).unwrap();
        Ok(Arc::new(SecretBundle::new(vec![version], None)))
    }
}

/// A clock that stands still.
#[derive(Debug)]
pub(crate) struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        now()
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-11-20T10:06:48Z").unwrap()
}

/// A client for this machine; it trusts nobody's certificate.
pub(crate) fn http() -> HttpClient {
    Arc::new(LazyLock::new(|| {
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(rustls::RootCertStore::empty())
            .with_no_client_auth();
        let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
        builder.redirect(reqwest::redirect::Policy::none()).build().map_err(|error| error.to_string())
    }))
}

/// Settings as they are given, the names of those that are wrong, and what these must be.
#[derive(Debug, Default)]
pub(crate) struct Given {
    values: BTreeMap<String, String>,
    pub(crate) wrong: Vec<String>,
    pub(crate) forms: Vec<String>,
}

impl Given {
    pub(crate) fn new(values: &[(&str, &str)]) -> Self {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { values, ..Self::default() }
    }
}

impl Settings for Given {
    fn required(&mut self, name: &str) -> String {
        self.values.get(name).cloned().unwrap_or_else(|| {
            self.wrong.push(name.to_owned());
            String::new()
        })
    }

    fn text(&mut self, name: &str, default: &str) -> String {
        self.values.get(name).cloned().unwrap_or_else(|| default.to_owned())
    }

    fn base_url(&mut self, name: &str) -> String {
        self.required(name).trim_end_matches('/').to_owned()
    }

    fn number<N>(&mut self, name: &str, default: N, bounds: RangeInclusive<N>) -> N
    where
        N: FromStr + PartialOrd + Display + Copy,
    {
        let read = |text: &str| text.parse().ok().filter(|number| bounds.contains(number));
        self.parsed(name, &default.to_string(), read, "a number").unwrap_or(default)
    }

    fn parsed<T>(&mut self, name: &str, default: &str, read: impl FnOnce(&str) -> Option<T>, form: &str) -> Option<T> {
        let value = read(&self.text(name, default));
        if value.is_none() {
            self.wrong.push(name.to_owned());
            self.forms.push(form.to_owned());
        }
        value
    }
}
