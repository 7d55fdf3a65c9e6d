//! A chat server on loopback that behaves, and misbehaves, as a test scripts it.
//!
//! It speaks as much of HTTP/1.1 and of OpenAI's interface as a client needs, in threads of the
//! test, and keeps a record of everything that it was asked and of what it answered. What to answer
//! is the script's business; who asks is not known here.

mod conduct;
mod http;
mod opinion;

use std::collections::HashMap;
use std::io::{self, BufReader, Read as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use self::http::Request;

pub use conduct::{Asked, Conduct, Reply, completion, tokens, with_log_probs};
pub use opinion::{compared, longer, opinion, rating, reading};

/// Where requests go.
const PATH: &str = "/v1/chat/completions";
/// A test waits at most this long for a request to the server.
const TIMEOUT: Duration = Duration::from_mins(2);

/// The longest that the server says nothing. Every client of a test gives up before.
const SILENCE: Duration = Duration::from_secs(30);

type Script = Box<dyn Fn(&Asked) -> Conduct + Send + Sync>;

/// A server that answers until it is stopped or dropped.
pub struct ScriptedServer {
    shared: Arc<Shared>,
    port: u16,
    accepting: Option<JoinHandle<()>>,
}

/// One request and what became of it.
#[derive(Debug, Clone)]
pub struct Record {
    /// The text of the last turn of the user.
    pub prompt: String,
    /// The whole body.
    pub body: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// When it had arrived in full.
    pub arrived: Instant,
    /// When the answer began to leave, where there was one.
    pub answered: Option<Instant>,
    /// What it met.
    pub outcome: Outcome,
}

/// What a request met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Open,
    /// A chat completion with this text, delivered in full.
    Answered(String),
    /// Anything else.
    Unanswered,
}

struct Shared {
    script: Script,
    log: Mutex<Log>,
    changed: Condvar,
    stopped: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
}

#[derive(Default)]
struct Log {
    records: Vec<Record>,
    /// How often each body has come.
    bodies: HashMap<String, usize>,
    /// Requests that have arrived and whose answer has not begun to leave.
    inside: usize,
    most_inside: usize,
}

impl ScriptedServer {
    /// Listens on a free port of this machine.
    pub fn start(script: impl Fn(&Asked) -> Conduct + Send + Sync + 'static) -> Self {
        let shared = Shared {
            script: Box::new(script),
            log: Mutex::default(),
            changed: Condvar::new(),
            stopped: AtomicBool::new(true),
            connections: Mutex::default(),
        };
        let mut server = Self {
            shared: Arc::new(shared),
            port: 0,
            accepting: None,
        };
        server.restart();
        server
    }

    /// Where the interface begins.
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// Is gone: connections break and nobody listens, until it is started again.
    pub fn stop(&mut self) {
        let Some(accepting) = self.accepting.take() else {
            return;
        };
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        accepting.join().expect("the server does not panic");
        for connection in self.shared.connections().drain(..) {
            // It may be closed already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Listens again, on the same port and with the same record.
    pub fn restart(&mut self) {
        assert!(self.accepting.is_none(), "the server is listening");
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).expect("the port is free");
        self.port = listener.local_addr().expect("it is bound").port();
        self.shared.stopped.store(false, Ordering::SeqCst);
        let shared = Arc::clone(&self.shared);
        self.accepting = Some(thread::spawn(move || accept(&listener, &shared)));
    }

    /// Everything that was asked, in the order of arrival.
    pub fn records(&self) -> Vec<Record> {
        self.shared.log().records.clone()
    }

    /// How often each prompt was asked, in whatever request.
    pub fn times_asked(&self) -> HashMap<String, usize> {
        let mut times = HashMap::new();
        for record in &self.shared.log().records {
            *times.entry(record.prompt.clone()).or_default() += 1;
        }
        times
    }

    /// The texts that each prompt was answered with, one per chat completion that left in full.
    pub fn answers(&self) -> HashMap<String, Vec<String>> {
        let mut answers: HashMap<String, Vec<String>> = HashMap::new();
        for record in &self.shared.log().records {
            if let Outcome::Answered(text) = &record.outcome {
                answers
                    .entry(record.prompt.clone())
                    .or_default()
                    .push(text.clone());
            }
        }
        answers
    }

    /// The most requests that were waiting for an answer at one time.
    pub fn most_at_once(&self) -> usize {
        self.shared.log().most_inside
    }

    /// Waits until so many requests, of all that ever came, were answered with a chat completion.
    pub fn wait_for_answers(&self, count: usize) {
        let too_few = |log: &mut Log| {
            log.records
                .iter()
                .filter(|record| matches!(record.outcome, Outcome::Answered(_)))
                .count()
                < count
        };
        let waited = self
            .shared
            .changed
            .wait_timeout_while(self.shared.log(), TIMEOUT, too_few);
        let timed_out = waited.unwrap_or_else(PoisonError::into_inner).1.timed_out();
        assert!(!timed_out, "the server did not get to give {count} answers");
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    loop {
        let Ok((connection, _)) = listener.accept() else {
            continue;
        };
        if shared.stopped.load(Ordering::SeqCst) {
            return;
        }
        let Ok(kept) = connection.try_clone() else {
            continue;
        };
        shared.connections().push(kept);
        let shared = Arc::clone(shared);
        // A connection that breaks is the client's business, and the record says what it met.
        thread::spawn(move || drop(shared.serve(connection)));
    }
}

impl Shared {
    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers the requests of one connection, one after another.
    fn serve(&self, mut connection: TcpStream) -> io::Result<()> {
        connection.set_nodelay(true)?;
        let mut reader = BufReader::new(connection.try_clone()?);
        while let Some(request) = http::read(&mut reader)? {
            let (number, conduct) = self.meet(&request);
            let reply = match conduct {
                Conduct::HangUp => {
                    self.settle(number, Outcome::Unanswered);
                    return connection.shutdown(Shutdown::Both);
                }
                Conduct::Hang => {
                    // Until the client has enough of it, which a broken one never has.
                    connection.set_read_timeout(Some(SILENCE))?;
                    let left = connection.read(&mut [0]);
                    self.settle(number, Outcome::Unanswered);
                    return left.map(drop);
                }
                Conduct::Reply(reply) => reply,
            };
            thread::sleep(reply.delay());
            // Before it leaves: whoever has read it may look here at once, and may send the next
            // request at once.
            self.settle(number, reply.outcome());
            let sent = reply.send(&mut connection);
            match &sent {
                Ok(true) => {}
                Ok(false) => return connection.shutdown(Shutdown::Both),
                Err(_) => self.log().records[number].outcome = Outcome::Unanswered,
            }
            sent?;
        }
        Ok(())
    }

    /// Takes a request down and asks the script about it.
    fn meet(&self, request: &Request) -> (usize, Conduct) {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let (asked, number) = {
            let mut log = self.log();
            let before = log.bodies.entry(body.clone()).or_default();
            let asked = Asked::new(&request.body, *before);
            *before += 1;
            log.inside += 1;
            log.most_inside = log.most_inside.max(log.inside);
            log.records.push(Record {
                prompt: asked.prompt.clone(),
                body,
                headers: request.headers.clone(),
                arrived: Instant::now(),
                answered: None,
                outcome: Outcome::Open,
            });
            (asked, log.records.len() - 1)
        };
        if request.line.starts_with(&format!("POST {PATH} ")) {
            (number, (self.script)(&asked))
        } else {
            (
                number,
                Reply::new(
                    404,
                    "text/plain",
                    format!("there is nothing but POST {PATH}"),
                )
                .into(),
            )
        }
    }

    fn settle(&self, number: usize, outcome: Outcome) {
        let mut log = self.log();
        log.inside -= 1;
        let record = &mut log.records[number];
        record.answered = Some(Instant::now());
        record.outcome = outcome;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
