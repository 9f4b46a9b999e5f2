//! Long work shows that it goes on: on a terminal only, and never in the way of the output.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A spinner, or a bar once the whole is known. Removed from the screen when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Starts one. indicatif itself draws nothing when standard error is not a terminal.
    pub fn start(what: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }

    /// What goes on now.
    pub fn say(&self, what: String) {
        self.bar.set_message(what);
    }

    /// Such a share is done: 0 to 1.
    pub fn share(&self, done: f64) {
        const WHOLE: u64 = 1_000;
        if self.bar.length() != Some(WHOLE) {
            self.bar.set_length(WHOLE);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{bar:30}] {percent} % {eta}") {
                self.bar.set_style(style);
            }
        }
        self.bar.set_position((done.clamp(0.0, 1.0) * WHOLE as f64) as u64);
    }

    /// So much of so much is done.
    pub fn set(&self, done: u64, all: u64) {
        if self.bar.length() != Some(all) {
            self.bar.set_length(all);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} [{bar:30}] {bytes}/{total_bytes} {eta}") {
                self.bar.set_style(style);
            }
        }
        self.bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
