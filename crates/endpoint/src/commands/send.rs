//! `watchpost send`.

use std::io::Write;
use std::time::Duration;

use anyhow::{Result, anyhow};
use clap::Args;
use watchpost_console::Exit;
use watchpost_kit::DurationText;
use watchpost_run::host_name;

use crate::Here;
use crate::failure::{Remedy, with_hint};
use crate::run::{Outside, data_folder_hint};
use crate::this_host::ThisHost;

/// Deliver records from standard input, through a spool of their own
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  dmesg | watchpost send --name dmesg
  ./job 2>&1 | watchpost send --name nightly-job
  cat events.ndjson | watchpost send --name import --codec json")]
pub struct SendArgs {
    /// What the stream is called
    #[arg(long, default_value = "stdin")]
    name: String,
    /// How records are read: auto, plain, json, syslog…
    #[arg(long, default_value = "auto")]
    codec: String,
    /// After the input's end, wait so long for the server; the rest goes with the next `send`
    #[arg(long, value_name = "TIME", default_value = "1m")]
    patience: DurationText,
}

pub(crate) fn run(args: &SendArgs, here: &Here<'_>) -> Result<Exit> {
    let settings = here.settings()?;
    settings.start_logging("agent", true)?;
    let codec =
        serde_json::from_value(args.codec.clone().into()).usage("codecs are auto, plain, json, syslog and access")?;
    let agent = settings.agent(&host_name(), ThisHost::FROM_NOW, None);
    let agent = agent.usage("`watchpost config check` looks at all of it")?;
    let outside = Outside::new()?;
    let deps = outside.agent(None);
    let patience = Duration::from(args.patience);
    let report = watchpost_agent::send(&agent, &deps, &args.name, codec, std::io::stdin(), patience)
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
