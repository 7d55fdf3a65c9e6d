//! The contract's `log`, and what guests print.
//!
//! Both go line by line to `tracing` under the plugin's name, out of one budget per call. The last
//! printed lines are also kept, because the message of a panic is only ever printed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tpo_types::text::sanitize;
use wasmtime::component::{HasSelf, Linker};

use crate::contract::bindings::tpo::plugin::log::{self, Level};
use crate::limits::Limits;

/// Bytes of one line that are shown.
const LINE_BYTES: usize = 8 << 10;
/// Printed lines that are kept for the report of a crash.
const LAST_LINES: usize = 8;

/// Provides the contract's `log` from the part of a store that `get` finds.
pub(crate) fn link<T: 'static>(
    linker: &mut Linker<T>,
    get: fn(&mut T) -> &mut SharedLog,
) -> wasmtime::Result<()> {
    log::add_to_linker::<T, HasSelf<SharedLog>>(linker, get)
}

/// The log, shared with the streams that the guest has open.
#[derive(Clone)]
pub(crate) struct SharedLog(Arc<Mutex<Log>>);

impl SharedLog {
    pub(crate) fn new(plugin: &str, limits: &Limits) -> Self {
        Self(Arc::new(Mutex::new(Log::new(plugin, limits))))
    }

    /// Another call begins.
    pub(crate) fn renew(&self, plugin: &str, limits: &Limits) {
        *self.lock() = Log::new(plugin, limits);
    }

    /// Bytes printed to stdout or stderr.
    pub(crate) fn print(&self, bytes: &[u8]) {
        self.lock().print(bytes);
    }

    /// Ends the call. Returns the last lines that were printed.
    pub(crate) fn finish(&self) -> Option<String> {
        let log = std::mem::take(&mut *self.lock());
        log.finish()
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl log::Host for SharedLog {
    fn emit(&mut self, level: Level, message: String) {
        self.lock().message(level, &message);
    }
}

/// What a guest writes during one call.
#[derive(Default)]
struct Log {
    plugin: String,
    lines_left: usize,
    bytes_left: usize,
    hidden_lines: usize,
    /// The line being printed.
    line: Vec<u8>,
    last_lines: VecDeque<String>,
}

impl Log {
    fn new(plugin: &str, limits: &Limits) -> Self {
        let (lines_left, bytes_left) = (limits.log_lines as usize, (limits.log_kib as usize) << 10);
        Self {
            plugin: plugin.into(),
            lines_left,
            bytes_left,
            ..Self::default()
        }
    }

    /// A message through the contract's `log`.
    fn message(&mut self, level: Level, message: &str) {
        for line in message.lines() {
            self.show(level, &sanitize(line, LINE_BYTES));
        }
    }

    /// Bytes printed to stdout or stderr.
    fn print(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let text = piece.strip_suffix(b"\n").unwrap_or(piece);
            // One byte more than is shown, so that a long line shows that it was cut.
            let room = (LINE_BYTES + 1).saturating_sub(self.line.len());
            self.line.extend_from_slice(&text[..text.len().min(room)]);
            if text.len() < piece.len() {
                self.end_line();
            }
        }
    }

    /// Ends the call. Returns the last lines that were printed.
    fn finish(mut self) -> Option<String> {
        if !self.line.is_empty() {
            self.end_line();
        }
        if self.hidden_lines > 0 {
            tracing::warn!(
                plugin = self.plugin,
                "{} more lines of this call are not shown",
                self.hidden_lines
            );
        }
        let last_lines = Vec::from(self.last_lines).join("\n");
        (!last_lines.trim().is_empty()).then_some(last_lines)
    }

    fn end_line(&mut self) {
        let line = sanitize(&String::from_utf8_lossy(&self.line), LINE_BYTES);
        self.line.clear();
        self.show(Level::Info, &line);
        if self.last_lines.len() == LAST_LINES {
            self.last_lines.pop_front();
        }
        self.last_lines.push_back(line);
    }

    fn show(&mut self, level: Level, line: &str) {
        if self.lines_left == 0 || self.bytes_left < line.len() {
            self.hidden_lines += 1;
            return;
        }
        self.lines_left -= 1;
        self.bytes_left -= line.len();
        match level {
            Level::Trace => tracing::trace!(plugin = self.plugin, "{line}"),
            Level::Debug => tracing::debug!(plugin = self.plugin, "{line}"),
            Level::Info => tracing::info!(plugin = self.plugin, "{line}"),
            Level::Warn => tracing::warn!(plugin = self.plugin, "{line}"),
            Level::Error => tracing::error!(plugin = self.plugin, "{line}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_put_together_from_pieces() {
        let mut log = Log::new("p", &Limits::default());
        log.print(b"thread 'main' ");
        log.print(b"panicked\nat \x1b[31mlib.rs");
        assert_eq!(
            log.finish().as_deref(),
            Some("thread 'main' panicked\nat [31mlib.rs")
        );
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut log = Log::new("p", &Limits::default());
        for number in 0..5000 {
            log.print(format!("line {number}\n").as_bytes());
        }
        assert_eq!(log.hidden_lines, 4000);
        let last_lines = log.finish().expect("it printed");
        assert!(
            last_lines.starts_with("line 4992\n") && last_lines.ends_with("line 4999"),
            "{last_lines}"
        );
    }

    #[test]
    fn a_flood_without_line_breaks_takes_no_memory() {
        let mut log = Log::new("p", &Limits::default());
        for _ in 0..1000 {
            log.print(&[b'a'; 4096]);
        }
        assert_eq!(log.line.len(), LINE_BYTES + 1);
        assert!(log.finish().is_some_and(|line| line.ends_with("a…")));
    }
}
