//! The program's own log: to standard error for people, to a rotated file as JSON lines.

mod rotate;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};
use watchpost_kit::ByteSize;

use crate::failure::Remedy;
use rotate::{RotatingFile, Rotation};

/// `[log]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// `error`, `warn`, `info`, `debug`, `trace`, or directives such as `watchpost_agent=debug`.
    pub(crate) level: String,
    /// Where to: `stderr`, `file`.
    pub(crate) to: Vec<LogTarget>,
    pub(crate) file: LogFile,
}

/// Where own logs go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogTarget {
    /// Standard error, for people.
    Stderr,
    /// A rotated file, as JSON lines.
    File,
}

/// `[log] file = { … }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogFile {
    /// Empty: named after the program in the log folder.
    pub(crate) path: PathBuf,
    pub(crate) max_bytes: ByteSize,
    pub(crate) keep: u32,
    pub(crate) compress: bool,
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            to: vec![LogTarget::Stderr, LogTarget::File],
            file: LogFile::default(),
        }
    }
}

impl Default for LogFile {
    fn default() -> Self {
        Self {
            path: PathBuf::new(),
            max_bytes: ByteSize(50_000_000),
            keep: 5,
            compress: true,
        }
    }
}

/// What the command line and the environment say over `[log]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    /// `-v`, `-vv`.
    pub(crate) verbose: u8,
    /// LOG_LEVEL.
    pub(crate) environment: Option<String>,
    /// On standard error only what needs attention, since people read other output there.
    pub(crate) quiet: bool,
}

impl Wishes {
    /// The level that holds; `-v` is nearest to the person and wins.
    fn level<'a>(&'a self, configured: &'a str) -> &'a str {
        match (self.verbose, &self.environment) {
            (0, Some(level)) => level,
            (0, None) => configured,
            (1, _) => "debug",
            (_, _) => "trace",
        }
    }
}

/// The operating system's own log, for those who look there first.
pub(crate) type SystemLayer = Box<dyn Layer<Registry> + Send + Sync>;

/// Libraries are heard only when something is wrong.
fn filter(level: &str) -> Result<EnvFilter> {
    let plain = !level.contains(['=', ',']);
    let directives = if plain {
        format!("warn,watchpost={}", level.to_ascii_lowercase())
    } else {
        level.to_owned()
    };
    EnvFilter::builder()
        .parse(directives)
        .with_context(|| format!("the log level {level:?} is not understood"))
        .usage("use error, warn, info, debug or trace")
}

/// Begins logging. `default_path` is the file when the section names none. A log file that cannot be opened is told on
/// standard error and does not stop the program: its data matter more.
pub(crate) fn start(
    section: &LogSection,
    wishes: &Wishes,
    default_path: &Path,
    system: Option<SystemLayer>,
) -> Result<()> {
    let level = wishes.level(&section.level);
    let stderr_level = if wishes.quiet && wishes.verbose == 0 && wishes.environment.is_none() {
        "warn"
    } else {
        level
    };
    let stderr = section.to.contains(&LogTarget::Stderr).then(|| {
        let layer = fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal());
        filter(stderr_level).map(|filter| layer.with_filter(filter))
    });
    let path = if section.file.path.as_os_str().is_empty() {
        default_path
    } else {
        &section.file.path
    };
    let opened = section.to.contains(&LogTarget::File).then(|| open(&section.file, path));
    let (file, trouble) = match opened {
        Some(Ok(file)) => (Some(file), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let file = file.map(|file| {
        let layer = fmt::layer().json().with_writer(move || Line(Arc::clone(&file)));
        filter(level).map(|filter| layer.with_filter(filter))
    });
    tracing_subscriber::registry()
        .with(system)
        .with(stderr.transpose()?)
        .with(file.transpose()?)
        .try_init()?;
    if let Some(error) = trouble {
        tracing::warn!(path = %path.display(), %error, "the log file cannot be written; [log] file names another");
    }
    Ok(())
}

fn open(file: &LogFile, path: &Path) -> std::io::Result<Arc<RotatingFile>> {
    let rotation = Rotation {
        max_bytes: file.max_bytes.0,
        keep: file.keep,
        compress: file.compress,
    };
    RotatingFile::open(path, rotation).map(Arc::new)
}

/// One log line on its way to the file.
struct Line(Arc<RotatingFile>);

impl std::io::Write for Line {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        (&*self.0).write(line)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_wish_wins() {
        let wishes = |verbose, environment: Option<&str>| Wishes {
            verbose,
            environment: environment.map(str::to_owned),
            quiet: false,
        };
        assert_eq!(wishes(0, None).level("info"), "info");
        assert_eq!(wishes(0, Some("error")).level("info"), "error");
        assert_eq!(wishes(1, Some("error")).level("info"), "debug");
        assert_eq!(wishes(3, None).level("info"), "trace");
    }

    #[test]
    fn levels_and_directives_are_read() {
        assert!(filter("info").is_ok());
        assert!(filter("WARN").is_ok());
        assert!(filter("watchpost_agent=debug,info").is_ok());
        assert!(filter("loud").is_err());
    }
}
