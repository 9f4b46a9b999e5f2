//! `watchpost send`.

use std::fs::File;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use watchpost_agent::{Codec, evtx};
use watchpost_console::Exit;
use watchpost_kit::DurationText;
use watchpost_run::host_name;

use crate::Here;
use crate::failure::{Remedy, with_hint};
use crate::run::{Outside, data_folder_hint};
use crate::this_host::ThisHost;

/// What `.evtx` files are called as a codec.
const EVTX: &str = "evtx";

/// Deliver records from a file or standard input, through a spool of their own
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  dmesg | watchpost send --name dmesg
  ./job 2>&1 | watchpost send --name nightly-job
  cat events.ndjson | watchpost send --name import --codec json
  watchpost send --name desk-7 Security.evtx")]
pub struct SendArgs {
    /// Read from here instead of standard input
    file: Option<PathBuf>,
    /// What the stream is called
    #[arg(long, default_value = "stdin")]
    name: String,
    /// How records are read: auto, plain, json, syslog, access, winxml or evtx
    #[arg(long, default_value = "auto")]
    codec: String,
    /// After the input's end, wait so long for the server; the rest goes with the next `send`
    #[arg(long, value_name = "TIME", default_value = "1m")]
    patience: DurationText,
}

pub(crate) fn run(args: &SendArgs, here: &Here<'_>) -> Result<Exit> {
    let settings = here.settings()?;
    settings.start_logging("agent", true)?;
    let (codec, input) = input(args)?;
    let agent = settings.agent(&host_name(), ThisHost::FROM_NOW, None);
    let agent = agent.usage("`watchpost config check` looks at all of it")?;
    let outside = Outside::new()?;
    let deps = outside.agent(None);
    let patience = Duration::from(args.patience);
    let report = watchpost_agent::send(&agent, &deps, &args.name, codec, input, patience)
        .hint(data_folder_hint(&agent.data_dir))?;
    if report.waiting > 0 {
        let waiting = report.waiting;
        let error = anyhow!(
            "{} records read, but {waiting} batches are not delivered yet",
            report.records
        );
        let hint = "they are safe in the spool and go with the next `watchpost send` of this name";
        return Err(with_hint(error, hint));
    }
    writeln!(std::io::stdout(), "{} records delivered", report.records)?;
    Ok(Exit::Done)
}

/// The records, and how they are read. Recorded events of Windows show by their first bytes.
fn input(args: &SendArgs) -> Result<(Codec, Box<dyn Read + Send>)> {
    let wants_evtx = args.codec == EVTX;
    let codec = if wants_evtx { Codec::WinXml.name() } else { &args.codec };
    let codec: Codec = codec
        .parse()
        .usage("codecs are auto, plain, json, syslog, access, winxml and evtx")?;
    let input: Box<dyn Read + Send> = match &args.file {
        None => Box::new(std::io::stdin()),
        Some(path) => Box::new(File::open(path).with_context(|| format!("cannot open {}", path.display()))?),
    };
    if !wants_evtx && codec != Codec::Auto {
        return Ok((codec, input));
    }
    let (is_evtx, input) = evtx::recognise(input).context("cannot read the input")?;
    if wants_evtx || is_evtx {
        return Ok((Codec::WinXml, Box::new(evtx::Lines::new(input))));
    }
    Ok((codec, Box::new(input)))
}
