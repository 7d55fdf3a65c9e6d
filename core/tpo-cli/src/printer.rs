//! The two streams: data on stdout, talk on stderr.

#![expect(clippy::print_stderr, reason = "the one place that prints")]

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

    /// Sends what plugins and libraries log to stderr.
    pub(crate) fn log_events(self, verbose: bool) {
        let level = match (self.quiet, verbose) {
            (true, _) => "error",
            (_, true) => "debug",
            _ => "warn,tpo=info",
        };
        // A second subscriber in one process is refused, and there is none.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::new(level))
            .with_writer(|| Talk)
            .with_ansi(self.color)
            .without_time()
            .with_target(false)
            .try_init();
    }

    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// One line, or more, of data.
    #[expect(
        clippy::unused_self,
        reason = "data is printed however quiet the talk is"
    )]
    pub(crate) fn data(self, text: &str) {
        // A reader that has closed the pipe, like `head`, has seen enough.
        let _ = io::stdout().write_all(format!("{text}\n").as_bytes());
    }

    /// JSON, as `write` writes it.
    #[expect(
        clippy::unused_self,
        reason = "data is printed however quiet the talk is"
    )]
    pub(crate) fn data_json(self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let mut out = BufWriter::new(io::stdout().lock());
        let _ = write(&mut PrintableJson(&mut out)).and_then(|()| out.flush());
    }

    /// A sentence for the user.
    pub(crate) fn talk(self, text: &str) {
        if !self.quiet {
            eprintln!("{}", printable(text));
        }
    }

    /// A failure with its causes and what to do.
    pub(crate) fn failure(self, failure: &Failure) {
        let (red, cyan, plain) = if self.color {
            ("\u{1b}[1;31m", "\u{1b}[1;36m", "\u{1b}[0m")
        } else {
            ("", "", "")
        };
        eprintln!("{red}error:{plain} {}", shown(failure));
        let mut cause = failure.source();
        while let Some(error) = cause {
            eprintln!("  because: {}", shown(error));
            cause = error.source();
        }
        if let Some(hint) = failure.nearest_hint() {
            eprintln!("{cyan}hint:{plain} {}", printable(hint));
        }
    }
}

fn shown(error: &dyn Error) -> String {
    indented(&printable(&error.to_string()))
}

/// Stderr, for whole events: the lines of one after its first are indented.
struct Talk;

impl Write for Talk {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        eprintln!("{}", indented(text));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
