//! `watchpost report make|list|get`.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand, ValueEnum};
use watchpost_console::{Color, Exit, Format};
use watchpost_event::Timestamp;
use watchpost_event::api::NewReportRequest;
use watchpost_kit::{Clock, SystemClock};

use crate::Here;
use crate::client;
use crate::failure::usage;

/// What happened in a time, to read and to pass on: make, list, get
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    /// Make a security report, of everything or of one host; it is kept
    #[command(after_long_help = "\
Examples:
  watchpost report make -o week.pdf                     of the last seven days
  watchpost report make --from -1d --host web-1 -o web-1.html
  watchpost report make --from 2026-11-01 --to 2026-12-01 --language ru --timezone Europe/Moscow -o november.pdf")]
    Make {
        /// About this host alone
        #[arg(long, value_name = "NAME")]
        host: Option<String>,
        /// From when on: `-7d`, `2026-11-01`, RFC 3339
        #[arg(long, value_name = "TIME", default_value = "-7d", allow_hyphen_values = true)]
        from: String,
        /// Until when
        #[arg(long, value_name = "TIME", default_value = "now", allow_hyphen_values = true)]
        to: String,
        /// Where its times are: IANA name; without: the server's zone
        #[arg(long, value_name = "ZONE", default_value = "")]
        timezone: String,
        /// en or ru
        #[arg(long, value_name = "CODE", default_value = "en")]
        language: String,
        #[command(flatten)]
        output: Output,
    },
    /// Show the reports that were made, the newest first. Exit code 3 when there is none
    List,
    /// Write a report that was made before
    #[command(after_long_help = "\
Examples:
  watchpost report get 3 -o report.pdf")]
    Get {
        /// Its number, from `watchpost report list`
        id: i64,
        #[command(flatten)]
        output: Output,
    },
}

#[derive(Clone, Debug, Args)]
struct Output {
    /// Where to write it; its ending says the format; without: standard output
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    path: Option<PathBuf>,
    /// The format, where the file's name does not say it
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// A page that needs nothing else
    Html,
    /// PDF
    Pdf,
    /// The data
    Json,
}

impl ReportFormat {
    const fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Pdf => "pdf",
            Self::Json => "json",
        }
    }
}

impl Output {
    fn format(&self) -> Result<ReportFormat> {
        let ending = self.path.as_deref().and_then(Path::extension);
        match (self.format, ending.and_then(|ending| ending.to_str())) {
            (Some(format), _) => Ok(format),
            (None, Some("html" | "htm") | None) => Ok(ReportFormat::Html),
            (None, Some("pdf")) => Ok(ReportFormat::Pdf),
            (None, Some("json")) => Ok(ReportFormat::Json),
            (None, Some(other)) => {
                let hint = "name the file .html, .pdf or .json, or say --format";
                Err(usage(anyhow!("{other:?} is no format of reports"), hint))
            }
        }
    }

    /// Before anything is asked: a report takes a while.
    fn check(&self, format: ReportFormat) -> Result<()> {
        if self.path.is_none() && format == ReportFormat::Pdf && std::io::stdout().is_terminal() {
            let hint = "name a file: -o report.pdf";
            return Err(usage(anyhow!("a PDF is nothing for a terminal"), hint));
        }
        Ok(())
    }

    /// What was there before goes only when the report is there.
    fn write(&self, bytes: &[u8]) -> std::io::Result<()> {
        match &self.path {
            Some(path) => std::fs::write(path, bytes).map_err(|error| {
                std::io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
            }),
            None => client::stdout().write_all(bytes),
        }
    }
}

pub(crate) fn run(args: &ReportArgs, here: &Here<'_>) -> Result<Exit> {
    match &args.command {
        ReportCommand::Make {
            host,
            from,
            to,
            timezone,
            language,
            output,
        } => {
            let moment = |text: &str| {
                let moment = client::moment(Some(text))?;
                Ok::<_, anyhow::Error>(moment.unwrap_or(Timestamp(SystemClock::new().now())))
            };
            let request = NewReportRequest {
                host: host.clone(),
                from: moment(from)?,
                to: moment(to)?,
                timezone: timezone.clone(),
                language: language.clone(),
            };
            let format = output.format()?;
            output.check(format)?;
            client::run(here, async |client, _| {
                let mut bytes = Vec::new();
                let made = watchpost_console::make_report(&client, &request, format.name(), &mut bytes).await?;
                output.write(&bytes)?;
                let _ = writeln!(std::io::stderr(), "report {} is made", made.id);
                Ok(Exit::Done)
            })
        }
        ReportCommand::List => {
            let renderer = client::renderer(Format::Human, Color::Never);
            client::run(here, async |client, mut out| {
                watchpost_console::list_reports(&client, &renderer, &mut out).await
            })
        }
        ReportCommand::Get { id, output } => {
            let format = output.format()?;
            output.check(format)?;
            client::run(here, async |client, _| {
                let mut bytes = Vec::new();
                watchpost_console::write_report(&client, *id, format.name(), &mut bytes).await?;
                output.write(&bytes)?;
                Ok(Exit::Done)
            })
        }
    }
}
