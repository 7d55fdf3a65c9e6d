//! The two streams: data on stdout, talk on stderr.

#![expect(clippy::print_stderr, reason = "the one place that prints")]

use std::error::Error;
use std::io::IsTerminal;

use tpo_types::Failure;
use tracing_subscriber::EnvFilter;

use crate::text::printable;

/// Prints for one invocation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    quiet: bool,
    color: bool,
}

impl Printer {
    pub(crate) fn new(quiet: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { quiet, color: wanted && std::io::stderr().is_terminal() }
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
            .with_writer(std::io::stderr)
            .with_ansi(self.color)
            .without_time()
            .with_target(false)
            .try_init();
    }

    pub(crate) fn is_quiet(self) -> bool {
        self.quiet
    }

    /// One line, or more, of data.
    #[expect(clippy::unused_self, reason = "data is printed however quiet the talk is")]
    pub(crate) fn data(self, text: &str) {
        // A reader that has closed the pipe, like `head`, has seen enough.
        let _ = std::io::Write::write_all(&mut std::io::stdout(), format!("{text}\n").as_bytes());
    }

    /// A sentence for the user.
    pub(crate) fn talk(self, text: &str) {
        if !self.quiet {
            eprintln!("{}", printable(text));
        }
    }

    /// A failure with its causes and what to do.
    pub(crate) fn failure(self, failure: &Failure) {
        let (red, cyan, plain) = if self.color { ("\u{1b}[1;31m", "\u{1b}[1;36m", "\u{1b}[0m") } else { ("", "", "") };
        eprintln!("{red}error:{plain} {}", printable(&failure.to_string()));
        let mut cause = failure.source();
        while let Some(error) = cause {
            eprintln!("  because: {}", printable(&error.to_string()));
            cause = error.source();
        }
        if let Some(hint) = failure.nearest_hint() {
            eprintln!("{cyan}hint:{plain} {}", printable(hint));
        }
    }
}
