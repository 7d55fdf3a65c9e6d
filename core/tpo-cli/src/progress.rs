//! A progress bar per stage, and a line of metrics per iteration.

use std::borrow::Cow;
use std::cell::RefCell;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tpo_run::progress::{Event, Stage};

use crate::printer::Printer;
use crate::report;

/// Without a terminal, a running stage prints a line this often.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// Shows the progress of a run.
pub(crate) struct RunProgress {
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

impl RunProgress {
    pub(crate) fn new(printer: Printer) -> Self {
        Self {
            printer,
            running: RefCell::new(None),
        }
    }

    /// Handles one event.
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
            Event::Warning(text) => self.printer.status(&format!("warning: {text}")),
            Event::Measured(measurement) => {
                self.printer.status(&report::measurement_line(measurement));
            }
            Event::IterationEnded(metrics) => self.printer.status(&report::iteration_line(metrics)),
        }
    }

    fn begin(&self, stage: Stage, slice: &str, total: usize, done: usize) {
        let label = format!("{slice} {}", stage.as_str());
        let bar = new_bar(
            self.printer,
            label.clone(),
            Some(total),
            "{msg:22} {wide_bar} {pos}/{len} {prefix} {elapsed} (left: {eta})",
        );
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
            self.printer.status(&running.line());
        }
    }

    fn end(&self) {
        if let Some(running) = self.running.borrow_mut().take() {
            running.bar.finish_and_clear();
            if running.bar.length().is_some_and(|total| total > 0) {
                self.printer.status(&running.line());
            }
        }
    }
}

/// A progress bar for a single task.
pub(crate) struct ProgressCounter(ProgressBar);

impl ProgressCounter {
    /// A bar up to `total`; 0 if the total is unknown.
    pub(crate) fn new(printer: Printer, label: &'static str, total: usize) -> Self {
        Self(new_bar(
            printer,
            label,
            (total > 0).then_some(total),
            "{msg:22} {wide_bar} {pos}/{len} {elapsed}",
        ))
    }

    pub(crate) fn advance(&self, by: usize) {
        self.0.inc(by as u64);
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

fn new_bar(
    printer: Printer,
    label: impl Into<Cow<'static, str>>,
    total: Option<usize>,
    template: &str,
) -> ProgressBar {
    let target = if printer.is_quiet() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr_with_hz(4)
    };
    let bar =
        ProgressBar::with_draw_target(total.map(|total| total as u64), target).with_message(label);
    // Both templates are constants that parse; if one ever does not, the default style will do.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
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
