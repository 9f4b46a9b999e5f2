//! `watchpost search`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use clap::Args;
use watchpost_console::{Color, ConsoleError, Exit, Export, ExportAs, Format, Search, parse_stats};

use crate::Here;
use crate::client;
use crate::failure::usage;

/// Find events, newest last
#[derive(Debug, Args)]
#[command(after_long_help = "\
The language, side by side means AND:
  error                          the word, in the message, in any case
  \"connection refused\"           a phrase;  fail*  a prefix
  host.name:web-1                a field;  process.name:*  has the field
  http.status:>=500              a comparison;  bytes:[100 TO 200]  a range
  log.level:>=warning            levels are ordered
  message:~/time(d )?out/        a regular expression
  source.ip:10.0.0.0/8           a network;  user.name:(root OR admin)  one of them
  a AND (b OR c) AND NOT d       also: a b, -d

Pipes, behind all of it:
  | stats count(), p95(bytes) by host.name, @timestamp:1h
  | top 10 user.name             | rare user.name
  | where count:>10              | sort -count, host.name
  | fields a, b                  | head 20

Examples:
  watchpost search 'process.name:sshd \"Failed password\"' --from -1h
  watchpost search 'log.level:>=error' --from 2026-11-20 --to 2026-11-21 --json
  watchpost search 'error | stats count() by host.name'
  watchpost search 'source.ip:* | top 20 source.ip' --from -1d
  watchpost search 'error | fields @timestamp, host.name, message' -o errors.csv")]
pub struct SearchArgs {
    /// What to look for; empty: everything
    #[arg(default_value = "")]
    query: String,
    /// From when on: -15m, -1h, -7d, a date, a time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// Until when
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// At most so many events (100), or rows of a table or an export (all)
    #[arg(short = 'n', long, value_name = "N")]
    limit: Option<usize>,
    #[command(flatten)]
    style: Style,
    /// The pipe `stats` in short: 'count()', 'count() by FIELD, …'
    #[arg(long, value_name = "STATS")]
    stats: Option<String>,
    /// All rows instead of the newest, as they are found; json is one array, ndjson one object per line
    #[arg(long, value_name = "FORMAT", value_enum, conflicts_with = "style")]
    format: Option<FormatArg>,
    /// Into this file; its ending names the format, too
    #[arg(short, long, value_name = "FILE", conflicts_with = "style")]
    output: Option<PathBuf>,
    /// CSV for spreadsheets: an apostrophe before what one would take for a formula
    #[arg(long)]
    safe: bool,
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FormatArg {
    Table,
    Json,
    Ndjson,
    Csv,
}

/// Events shown when nobody says how many.
const EVENTS: usize = 100;
/// What a table of events shows.
const EVENT_COLUMNS: &str = "@timestamp, host.name, log.level, message";

/// How events are written.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Style {
    /// One JSON object per line, newest first
    #[arg(long, group = "style")]
    pub(crate) json: bool,
    /// Time of day, severity and message
    #[arg(long, group = "style")]
    pub(crate) compact: bool,
    /// Who did what, on what, when, where, from where, to where: one JSON object per line
    #[arg(long = "7w", group = "style")]
    pub(crate) seven: bool,
    /// Colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ColorArg::Auto)]
    pub(crate) color: ColorArg,
}

/// `--color`.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
#[expect(missing_docs, reason = "the command line's help says what each is")]
pub enum ColorArg {
    Auto,
    Always,
    Never,
}

impl Style {
    pub(crate) fn format(self) -> Format {
        match (self.json, self.compact, self.seven) {
            (true, _, _) => Format::Json,
            (_, true, _) => Format::Compact,
            (_, _, true) => Format::Seven,
            _ => Format::Human,
        }
    }

    pub(crate) fn color(self) -> Color {
        self.color.into()
    }
}

impl From<ColorArg> for Color {
    fn from(color: ColorArg) -> Self {
        match color {
            ColorArg::Auto => Self::Auto,
            ColorArg::Always => Self::Always,
            ColorArg::Never => Self::Never,
        }
    }
}

pub(crate) fn run(args: &SearchArgs, here: &Here<'_>) -> Result<Exit> {
    let mut search = Search {
        query: args.query.clone(),
        from: client::moment(args.from.as_deref())?,
        to: client::moment(args.to.as_deref())?,
        limit: args.limit.unwrap_or(EVENTS),
    };
    let json = args.style.json;
    if let Some(stats) = &args.stats {
        let is_plain = !search.query.contains('|') && args.format.is_none() && args.output.is_none();
        if let Some(by) = parse_stats(stats).filter(|_| is_plain) {
            return client::run(here, async |client, mut out| {
                search.count(&client, &by, json, &mut out).await
            });
        }
        search.query = format!("{} | stats {stats}", search.query);
        search.check()?;
    }
    if args.format == Some(FormatArg::Table) && args.output.is_some() {
        return Err(usage(
            anyhow!("a table is for the terminal"),
            "write csv, json or ndjson into a file",
        ));
    }
    if let Some(format) = export_format(args.format, args.output.as_deref()) {
        return export(search, format, args, here);
    }
    let renderer = client::renderer(args.style.format(), args.style.color());
    if args.format == Some(FormatArg::Table) && !search.makes_table() {
        search.query = format!(
            "{} | head {} | fields {EVENT_COLUMNS}",
            search.query,
            search.limit.max(1)
        );
    }
    if search.makes_table() {
        search.limit = args.limit.unwrap_or(usize::MAX);
        return client::run(here, async |client, mut out| {
            search.table(&client, &renderer, json, &mut out).await
        });
    }
    client::run(here, async |client, mut out| {
        search.run(&client, &renderer, &mut out).await
    })
}

/// What is exported rather than shown, and how it looks.
fn export_format(format: Option<FormatArg>, output: Option<&Path>) -> Option<ExportAs> {
    match (format, output) {
        (Some(FormatArg::Json), _) => Some(ExportAs::Json),
        (Some(FormatArg::Ndjson), _) => Some(ExportAs::Ndjson),
        (Some(FormatArg::Csv), _) => Some(ExportAs::Csv),
        (Some(FormatArg::Table), _) | (None, None) => None,
        (None, Some(path)) => Some(match path.extension().and_then(|ending| ending.to_str()) {
            Some("csv") => ExportAs::Csv,
            Some("json") => ExportAs::Json,
            _ => ExportAs::Ndjson,
        }),
    }
}

fn export(search: Search, format: ExportAs, args: &SearchArgs, here: &Here<'_>) -> Result<Exit> {
    let export = Export {
        search,
        format,
        safe: args.safe,
        limit: args.limit,
    };
    client::run(here, async |client, mut out| match &args.output {
        None => export.run(&client, &mut out).await,
        Some(path) => {
            let failed = |source| ConsoleError::File {
                path: path.display().to_string(),
                source,
            };
            let mut file = BufWriter::new(Late { path, file: None });
            let done = export.run(&client, &mut file).await?;
            file.flush().map_err(failed)?;
            Ok(done)
        }
    })
}

/// A file that is made when there is something to write: a search that is refused leaves what was there.
struct Late<'a> {
    path: &'a Path,
    file: Option<File>,
}

impl Late<'_> {
    fn file(&mut self) -> io::Result<&mut File> {
        if self.file.is_none() {
            self.file = Some(File::create(self.path)?);
        }
        self.file.as_mut().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Write for Late<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file()?.flush()
    }
}
