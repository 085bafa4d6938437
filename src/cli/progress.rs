//! Progress on standard error: only on a terminal, and never in the way of results on the same one.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

fn target(quiet: bool, results_on_terminal: bool) -> ProgressDrawTarget {
    let shared = results_on_terminal && io::stdout().is_terminal();
    if quiet || shared { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A bar over `total` bytes of input; a counter when the size is not known.
pub fn bytes(total: Option<u64>, quiet: bool, results_on_terminal: bool) -> ProgressBar {
    let bar = match total {
        Some(total) => ProgressBar::new(total)
            .with_style(style("{bar:30} {bytes}/{total_bytes}  {msg}  {bytes_per_sec}  {eta} left")),
        None => ProgressBar::no_length().with_style(style("{spinner} {bytes}  {msg}  {bytes_per_sec}")),
    };
    bar.set_draw_target(target(quiet, results_on_terminal));
    bar
}

/// A spinner for a step whose length is not known.
pub fn step(quiet: bool, message: String) -> ProgressBar {
    let bar = ProgressBar::no_length().with_style(style("{spinner} {msg}  {elapsed}"));
    bar.set_draw_target(target(quiet, false));
    bar.set_message(message);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// A bar over a number of steps that grows known as the work goes on.
pub fn steps(quiet: bool, message: &str) -> ProgressBar {
    let bar = ProgressBar::new(0).with_style(style("{bar:30} {pos}/{len}  {msg}  {elapsed}"));
    bar.set_draw_target(target(quiet, false));
    bar.set_message(message.to_owned());
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Turns a bar into one for the next part of the work.
pub fn restart(bar: &ProgressBar, template: &str, message: &'static str) {
    bar.set_style(style(template));
    bar.set_message(message);
    bar.reset();
}

/// A counter of records, with their rate.
pub fn records(quiet: bool) -> ProgressBar {
    let bar = ProgressBar::no_length()
        .with_style(style("{spinner} {human_pos} records  {per_sec}  {msg}  {elapsed}"));
    bar.set_draw_target(target(quiet, false));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
