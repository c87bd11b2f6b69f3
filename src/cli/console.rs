//! Progress and messages on stderr.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::outcome::tell;
use super::text::{fitted, width};
use crate::run::{Event, Stage};

/// Between two plain progress lines, where stderr is not a terminal.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// How much is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Quiet,
    Plain,
    Bars,
}

/// Shows progress.
#[derive(Debug)]
pub(super) struct Console {
    style: Style,
    bars: MultiProgress,
    stages: Mutex<HashMap<Stage, ProgressBar>>,
    last_line: Mutex<Instant>,
}

impl Console {
    /// Says everything, or nothing.
    pub fn new(quiet: bool) -> Self {
        let style = match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Style::Quiet,
            (false, true) => Style::Bars,
            (false, false) => Style::Plain,
        };
        Self {
            style,
            bars: MultiProgress::new(),
            stages: Mutex::default(),
            last_line: Mutex::new(Instant::now()),
        }
    }

    /// Shows what happens, at a point of a study if there is one.
    pub fn report(&self, event: &Event, point: Option<&str>) {
        let at = point.map_or(String::new(), |point| format!("{point}: "));
        match event {
            Event::Started { stage, units } => self.bar(*stage).inc_length(*units),
            Event::Advanced { stage, units } => {
                let bar = self.bar(*stage);
                bar.inc(*units);
                if self.style == Style::Plain {
                    self.plain_progress(*stage, &bar);
                }
            }
            Event::Extended(edge) => self.progress(&format!("{at}{}", edge.extended())),
            Event::Warning(warning) => self.line(&format!("warning: {at}{warning}")),
            Event::Failed(failure) => self.line(&format!("failed: {at}{failure}")),
            Event::Finished { done, cached } => {
                self.clear();
                if done + cached > 0 {
                    self.progress(&format!("tasks: {done} done, {cached} cached"));
                }
            }
        }
    }

    /// Removes the progress bars: what comes after has its own.
    fn clear(&self) {
        for (_, bar) in self.stages.lock().unwrap_or_else(PoisonError::into_inner).drain() {
            bar.finish_and_clear();
        }
    }

    fn bar(&self, stage: Stage) -> ProgressBar {
        let mut stages = self.stages.lock().unwrap_or_else(PoisonError::into_inner);
        stages
            .entry(stage)
            .or_insert_with(|| {
                if self.style != Style::Bars {
                    let hidden = ProgressDrawTarget::hidden();
                    return ProgressBar::with_draw_target(Some(0), hidden);
                }
                let template = "{prefix:>13} [{bar:12}] {percent:>3} %  {elapsed_precise}, \
                                {eta_precise} left";
                let style = ProgressStyle::with_template(template)
                    .unwrap_or_else(|_| ProgressStyle::default_bar())
                    .progress_chars("=> ");
                let bar = ProgressBar::new(0).with_style(style).with_prefix(stage.name());
                self.bars.add(bar)
            })
            .clone()
    }

    fn plain_progress(&self, stage: Stage, bar: &ProgressBar) {
        // Whoever finds the lock taken need not print: another thread just does.
        let Ok(mut last) = self.last_line.try_lock() else { return };
        if last.elapsed() >= PLAIN_INTERVAL {
            *last = Instant::now();
            let total = bar.length().unwrap_or(0).max(1);
            self.progress(&format!("{}: {} %", stage.name(), 100 * bar.position() / total));
        }
    }

    /// Says how the work goes on, unless all is to be quiet.
    pub fn progress(&self, text: &str) {
        if self.style != Style::Quiet {
            self.line(text);
        }
    }

    /// Says what is wrong, in any case.
    fn line(&self, text: &str) {
        match self.style {
            Style::Quiet | Style::Plain => tell(text),
            // Nothing can be done if stderr is closed.
            Style::Bars => drop(self.bars.println(fitted(text, width()))),
        }
    }
}
