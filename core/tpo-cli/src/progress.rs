//! A progress bar per stage, and a line of metrics per iteration.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tpo_run::progress::{Event, Stage};

use crate::printer::Printer;
use crate::report;

/// Off a terminal, a running stage prints a line this often.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// Shows the events of a run.
pub(crate) struct Progress {
    printer: Printer,
    running: RefCell<Option<Running>>,
}

struct Running {
    bar: ProgressBar,
    label: String,
    started: Instant,
    printed: Instant,
    tokens: usize,
}

impl Progress {
    pub(crate) fn new(printer: Printer) -> Self {
        Self {
            printer,
            running: RefCell::new(None),
        }
    }

    /// Takes one event.
    pub(crate) fn on(&self, event: &Event<'_>) {
        match event {
            Event::StageStarted {
                stage,
                slice,
                total,
                done,
            } => self.begin(*stage, slice, *total, *done),
            Event::ItemDone { tokens } => self.advance(*tokens),
            Event::StageEnded => self.end(),
            Event::Evaluated(evaluation) => self.printer.talk(&report::evaluation_line(evaluation)),
            Event::IterationEnded(metrics) => self.printer.talk(&report::iteration_line(metrics)),
        }
    }

    fn begin(&self, stage: Stage, slice: &str, total: usize, done: usize) {
        let label = format!("{slice} {}", stage.as_str());
        let target = if self.printer.is_quiet() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(4)
        };
        let bar =
            ProgressBar::with_draw_target(Some(total as u64), target).with_message(label.clone());
        // The template is a constant; if it does not parse, the default style is used.
        if let Ok(style) = ProgressStyle::with_template(
            "{msg:22} {wide_bar} {pos}/{len} {prefix} {elapsed} (left: {eta})",
        ) {
            bar.set_style(style);
        }
        bar.set_position(done as u64);
        bar.reset_eta();
        let now = Instant::now();
        *self.running.borrow_mut() = Some(Running {
            bar,
            label,
            started: now,
            printed: now,
            tokens: 0,
        });
    }

    fn advance(&self, tokens: usize) {
        let mut running = self.running.borrow_mut();
        let Some(running) = running.as_mut() else {
            return;
        };
        running.tokens += tokens;
        running.bar.inc(1);
        if running.tokens > 0 {
            running.bar.set_prefix(running.rate());
        }
        if running.bar.is_hidden() && running.printed.elapsed() >= HEARTBEAT {
            running.printed = Instant::now();
            self.printer.talk(&running.line());
        }
    }

    fn end(&self) {
        if let Some(running) = self.running.borrow_mut().take() {
            running.bar.finish_and_clear();
            if running.bar.length().is_some_and(|total| total > 0) {
                self.printer.talk(&running.line());
            }
        }
    }
}

/// A bar for a task that is not a stage.
pub(crate) struct Bar(ProgressBar);

impl Bar {
    /// A bar up to `total`; one that only counts if that is 0.
    pub(crate) fn new(printer: Printer, label: &'static str, total: usize) -> Self {
        let target = if printer.is_quiet() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(4)
        };
        let bar = ProgressBar::with_draw_target((total > 0).then_some(total as u64), target)
            .with_message(label);
        if let Ok(style) = ProgressStyle::with_template("{msg:22} {wide_bar} {pos}/{len} {elapsed}")
        {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(crate) fn advance(&self, by: usize) {
        self.0.inc(by as u64);
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Running {
    fn rate(&self) -> String {
        format!(
            "{:.0} tokens/s",
            self.tokens as f64 / self.started.elapsed().as_secs_f64().max(1e-3)
        )
    }

    fn line(&self) -> String {
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let seconds = self.started.elapsed().as_secs();
        let rate = if self.tokens > 0 {
            format!(", {}", self.rate())
        } else {
            String::new()
        };
        format!("{:22} {done}/{total} in {seconds} s{rate}", self.label)
    }
}
