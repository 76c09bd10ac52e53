//! A server that answers from a script and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use base64::Engine;

/// A request as it arrived: the line without the version, the credential, the body.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Arrived {
    line: String,
    user: String,
    body: String,
}

/// Answers each request with the next line of its script, then is gone.
pub(super) struct Scripted {
    pub(super) base_url: String,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Scripted {
    pub(super) fn answering(script: Vec<(u16, Vec<u8>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let arrived = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&arrived);
        std::thread::spawn(move || {
            for (status, body) in script {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read_request(&mut BufReader::new(&stream));
                seen.lock().unwrap().push(request);
                let head =
                    format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
            }
        });
        Self { base_url, arrived }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.arrived.lock().unwrap().iter().map(|request| request.line.clone()).collect()
    }

    pub(super) fn bodies(&self) -> Vec<String> {
        self.arrived.lock().unwrap().iter().map(|request| request.body.clone()).collect()
    }

    pub(super) fn users(&self) -> Vec<String> {
        self.arrived.lock().unwrap().iter().map(|request| request.user.clone()).collect()
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
    let header = |name: &str| {
        lines.iter().find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    };
    let mut body = vec![0; header("content-length").map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).unwrap();
    let basic = header("authorization").and_then(|value| value.strip_prefix("Basic ").map(str::to_owned));
    let user = basic.map(|basic| base64::engine::general_purpose::STANDARD.decode(basic).unwrap()).unwrap_or_default();
    Arrived {
        line: lines[0].trim_end_matches(" HTTP/1.1").to_owned(),
        user: String::from_utf8(user).unwrap(),
        body: String::from_utf8(body).unwrap(),
    }
}
