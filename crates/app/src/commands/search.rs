//! `watchpost search`.

use anyhow::{Result, anyhow};
use clap::Args;
use watchpost_console::{Color, Exit, Format, Search, parse_stats};

use crate::cli::Global;
use crate::commands::client;
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

Examples:
  watchpost search 'process.name:sshd \"Failed password\"' --from -1h
  watchpost search 'log.level:>=error' --from 2026-11-20 --to 2026-11-21 --json
  watchpost search 'GET' --stats 'count() by host.name'")]
pub(crate) struct SearchArgs {
    /// What to look for; empty: everything
    #[arg(default_value = "")]
    query: String,
    /// From when on: -15m, -1h, -7d, a date, a time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    from: Option<String>,
    /// Until when
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    to: Option<String>,
    /// At most so many events
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    limit: usize,
    #[command(flatten)]
    style: Style,
    /// Count instead: 'count()' or 'count() by FIELD, …'
    #[arg(long, value_name = "STATS")]
    stats: Option<String>,
}

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
pub(crate) enum ColorArg {
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

pub(crate) fn run(args: &SearchArgs, global: &Global) -> Result<Exit> {
    let search = Search {
        query: args.query.clone(),
        from: client::moment(args.from.as_deref())?,
        to: client::moment(args.to.as_deref())?,
        limit: args.limit,
    };
    if let Some(stats) = &args.stats {
        let unknown = || {
            usage(
                anyhow!("the statistics {stats:?} are not understood"),
                "use 'count()' or 'count() by host.name'",
            )
        };
        let by = parse_stats(stats).ok_or_else(unknown)?;
        let json = args.style.json;
        return client::run(global, async |client, mut out| {
            search.count(&client, &by, json, &mut out).await
        });
    }
    let renderer = client::renderer(args.style.format(), args.style.color());
    client::run(global, async |client, mut out| {
        search.run(&client, &renderer, &mut out).await
    })
}
