//! A registry in this process that keeps what it is given, until it is told to give something else.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tpo_types::Digest;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An answer, well-formed or not.
#[derive(Clone)]
pub(crate) struct Reply {
    pub(crate) status: &'static str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the size is told beforehand, or is where the connection ends.
    pub(crate) length: Option<usize>,
    /// How long nothing is said after half of the body.
    pub(crate) stall: Duration,
}

impl Reply {
    pub(crate) fn new(status: &'static str, body: &[u8]) -> Self {
        let (body, length) = (body.to_vec(), Some(body.len()));
        Self {
            status,
            headers: Vec::new(),
            body,
            length,
            stall: Duration::ZERO,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn manifest(body: &[u8]) -> Self {
        let digest = Digest::of(body).to_string();
        Self::new("200 OK", body)
            .header("Content-Type", MANIFEST)
            .header("Docker-Content-Digest", digest)
    }
}

/// One request, as far as anybody here cares.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What is answered instead of the truth; none to answer the truth.
pub(crate) type Fault = Box<dyn Fn(&Request, &Reply) -> Option<Reply> + Send>;

#[derive(Default)]
struct State {
    content: HashMap<String, Vec<u8>>,
    seen: Vec<String>,
    fault: Option<Fault>,
}

#[derive(Clone)]
pub(crate) struct StandIn {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            port: listener.local_addr().unwrap().port(),
            state: Arc::default(),
        };
        let shared = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = shared.clone();
                // Whoever hangs up in the middle has a reason, and it is looked at on that side.
                thread::spawn(move || server.answer(stream).ok());
            }
        });
        server
    }

    pub(crate) fn name(&self, rest: &str) -> String {
        format!("oci://{}/{rest}", self.address())
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn fail(&self, fault: impl Fn(&Request, &Reply) -> Option<Reply> + Send + 'static) {
        let mut state = self.state.lock().unwrap();
        state.seen.clear();
        state.fault = Some(Box::new(fault));
    }

    /// One more fault, for what the ones before leave alone.
    pub(crate) fn also(&self, fault: impl Fn(&Request, &Reply) -> Option<Reply> + Send + 'static) {
        let mut state = self.state.lock().unwrap();
        let before = state.fault.take();
        state.fault = Some(Box::new(move |request, truth| {
            before
                .as_ref()
                .and_then(|before| before(request, truth))
                .or_else(|| fault(request, truth))
        }));
    }

    /// Methods and paths of all requests since the fault began.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.state.lock().unwrap().seen.clone()
    }

    /// The manifest under a tag, as it was published.
    pub(crate) fn manifest(&self, repository: &str, tag: &str) -> Value {
        let bytes = self.state.lock().unwrap().content
            [&format!("/v2/{repository}/manifests/{tag}")]
            .clone();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn answer(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let header = |name: &str| {
            lines.iter().skip(1).find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
        };
        let mut parts = lines
            .first()
            .map(String::as_str)
            .unwrap_or_default()
            .split(' ')
            .map(str::to_owned);
        let (method, path) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let length = header("content-length")
            .and_then(|length| length.parse().ok())
            .unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let request = Request {
            method,
            path,
            authorization: header("authorization"),
            body,
        };
        let reply = {
            let mut state = self.state.lock().unwrap();
            state
                .seen
                .push(format!("{} {}", request.method, request.path));
            let truth = state.truth(&request);
            state
                .fault
                .as_ref()
                .and_then(|fault| fault(&request, &truth))
                .unwrap_or(truth)
        };
        write(stream, &request, &reply)
    }
}

impl State {
    fn truth(&mut self, request: &Request) -> Reply {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        match request.method.as_str() {
            "POST" => Reply::new("202 Accepted", b"").header("Location", path),
            "PUT" => {
                let digest = Digest::of(&request.body);
                if let Some(directory) = path.strip_suffix("/blobs/uploads/") {
                    assert_eq!(query, format!("digest={digest}"));
                    self.content
                        .insert(format!("{directory}/blobs/{digest}"), request.body.clone());
                } else {
                    let directory = path.rsplit_once('/').unwrap().0;
                    self.content
                        .insert(format!("{directory}/{digest}"), request.body.clone());
                    self.content.insert(path.to_owned(), request.body.clone());
                }
                Reply::new("201 Created", b"")
            }
            _ => match self.content.get(path) {
                Some(content) if path.contains("/manifests/") => Reply::manifest(content),
                Some(content) => Reply::new("200 OK", content),
                None => Reply::new("404 Not Found", b"{}"),
            },
        }
    }
}

fn write(mut stream: TcpStream, request: &Request, reply: &Reply) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {}\r\nConnection: close\r\n", reply.status)?;
    if let Some(length) = reply.length {
        write!(stream, "Content-Length: {length}\r\n")?;
    }
    for (name, value) in &reply.headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n")?;
    if request.method == "HEAD" {
        return Ok(());
    }
    let (first, second) = reply.body.split_at(if reply.stall.is_zero() {
        0
    } else {
        reply.body.len() / 2
    });
    stream.write_all(first)?;
    stream.flush()?;
    thread::sleep(reply.stall);
    stream.write_all(second)
}
