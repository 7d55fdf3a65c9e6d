//! The two streams: results on stdout, messages on stderr.

use std::error::Error;
use std::io::{self, BufWriter, IsTerminal, Write};

use tpo_types::Failure;
use tracing_subscriber::EnvFilter;

use crate::text::{PrintableJson, indented, printable};

/// Prints for one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    quiet: bool,
    color: bool,
}

impl Printer {
    pub(crate) fn new(quiet: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            quiet,
            color: wanted && std::io::stderr().is_terminal(),
        }
    }

    /// Prints the logs of plugins and libraries to stderr.
    pub(crate) fn log_events(self, verbose: bool) {
        let level = match (self.quiet, verbose) {
            (true, _) => "error",
            (_, true) => "debug",
            _ => "warn,tpo=info",
        };
        // This fails only if the process already has a subscriber, and it has none.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(level))
            .with_writer(|| LogWriter)
            .with_ansi(self.color)
            .without_time()
            .with_target(false)
            .try_init();
    }

    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// Prints a result of one or more lines.
    #[expect(
        clippy::unused_self,
        reason = "results are printed even if messages are not"
    )]
    pub(crate) fn data(self, text: &str) {
        // A reader that closes the pipe, such as `head`, needs no more.
        let _ = io::stdout().write_all(format!("{text}\n").as_bytes());
    }

    /// Prints the JSON that `write` writes.
    #[expect(
        clippy::unused_self,
        reason = "results are printed even if messages are not"
    )]
    pub(crate) fn data_json(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let mut out = BufWriter::new(io::stdout().lock());
        let _ = write(&mut PrintableJson(&mut out)).and_then(|()| out.flush());
    }

    /// Prints a status message.
    pub(crate) fn status(self, text: &str) {
        if !self.quiet {
            message(&printable(text));
        }
    }

    /// Prints a failure with its causes and hint.
    pub(crate) fn failure(self, failure: &Failure) {
        let (red, cyan, plain) = if self.color {
            ("\u{1b}[1;31m", "\u{1b}[1;36m", "\u{1b}[0m")
        } else {
            ("", "", "")
        };
        message(&format!("{red}error:{plain} {}", shown(failure)));
        let mut cause = failure.source();
        while let Some(error) = cause {
            message(&format!("  because: {}", shown(error)));
            cause = error.source();
        }
        if let Some(hint) = failure.nearest_hint() {
            message(&format!("{cyan}hint:{plain} {}", printable(hint)));
        }
    }
}

/// Writes a message to stderr. If nobody reads it any more, nobody misses it.
fn message(text: &str) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

fn shown(error: &dyn Error) -> String {
    indented(&printable(&error.to_string()))
}

/// Writes log events to stderr. All lines of an event except the first are indented.
struct LogWriter;

impl Write for LogWriter {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        message(&indented(text));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
