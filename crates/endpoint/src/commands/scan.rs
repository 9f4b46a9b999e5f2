//! `watchpost scan files`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use watchpost_agent::files::{FileKind, Found, Known, Limits, Looked, Lookups, Trouble, Walked, walk};
use watchpost_console::{
    Client, Exit, KnownOfFile, Progress, ScannedFile, add_known, ask_server, harmless, write_files_json,
    write_files_table,
};
use watchpost_kit::{ByteSize, chain};

use crate::Here;
use crate::client;
use crate::environment;
use crate::failure::usage;
use crate::run::Outside;

/// Look at this host once
#[derive(Debug, Args)]
pub struct ScanArgs {
    #[command(subcommand)]
    command: ScanCommand,
}

#[derive(Debug, Subcommand)]
enum ScanCommand {
    Files(FilesArgs),
}

/// Hash files, say what they are, and ask what is known of them
///
/// With --lookup, lists and services such as VirusTotal are asked what they know of the hashes; nothing else leaves this host. See docs/lookups.md.
///
/// Folders are walked through; symbolic links in them are not followed, and other file systems only where they are named. What cannot be read is listed, and the others go on.
///
/// Exit codes: 0 done, whatever was found; 1 nothing could be looked at; 3 no files are there.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost scan files /usr/local/bin
  watchpost scan files --json /tmp /dev/shm | jq -r 'select(.type==\"elf\") | .path'
  watchpost scan files --lookup --max-size 100MB ~/Downloads")]
struct FilesArgs {
    /// Files and folders
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Ask what is known of them: the server, or without one the lists and services of the configuration
    #[arg(long)]
    lookup: bool,
    /// One JSON object per line, in the order in which they are found
    #[arg(long)]
    json: bool,
    /// Larger files are listed, and not read
    #[arg(long, value_name = "SIZE", default_value = "1GB")]
    max_size: ByteSize,
    /// So many files at most
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    max_files: u64,
    /// So many folders deep at most
    #[arg(long, value_name = "N", default_value_t = 64)]
    depth: usize,
}

/// Files that are held before they are written.
const CHUNK: usize = 100;
/// Seconds that a server's services may take for them.
const WAIT: u64 = 15;

pub(crate) fn run(args: &ScanArgs, here: &Here<'_>) -> Result<Exit> {
    match &args.command {
        ScanCommand::Files(args) => files(args, here),
    }
}

fn files(args: &FilesArgs, here: &Here<'_>) -> Result<Exit> {
    let mut who = if args.lookup { Some(Who::find(here)?) } else { None };
    let mut out = client::stdout();
    let mut waiting = Vec::new();
    let mut failed = None;
    let progress = Progress::start("looking at files");
    let limits = Limits {
        max_size: args.max_size.0,
        files: args.max_files,
        depth: args.depth,
    };
    let mut seen: u64 = 0;
    let visit = |found| {
        seen += 1;
        progress.say(format!("looking at files: {seen}"));
        waiting.push(scanned(found));
        if !args.json || waiting.len() < CHUNK {
            return ControlFlow::Continue(());
        }
        let written = tell(&mut waiting, who.as_mut(), args, &progress, &mut out);
        waiting.clear();
        failed = written.err();
        if failed.is_none() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    let walked = walk(&args.paths, &limits, |_| true, visit);
    if let Some(error) = failed {
        return Err(error);
    }
    tell(&mut waiting, who.as_mut(), args, &progress, &mut out)?;
    out.flush()?;
    drop(progress);
    sum_up(&walked, args)?;
    for trouble in who.iter().flat_map(Who::troubles) {
        writeln!(std::io::stderr(), "note: {}", harmless(&trouble))?;
    }
    Ok(match walked {
        Walked {
            files: 0, troubles: 0, ..
        } => Exit::NothingFound,
        Walked { files: 0, .. } => Exit::Failed,
        _ => Exit::Done,
    })
}

/// Who is asked about hashes.
enum Who {
    /// A server, with its keys.
    Server(Client),
    /// Lists and services of this host's own configuration.
    Here(Box<Lookups>),
}

impl Who {
    /// A server where one is named or runs here, else what the configuration has.
    fn find(here: &Here<'_>) -> Result<Self> {
        let settings = here.settings()?;
        let has_server = environment::get("WATCHPOST_URL").is_some()
            || here
                .program
                .local_server(here.global)?
                .is_some_and(|socket| socket.exists());
        if has_server {
            return Ok(Self::Server(client::connect(here)?));
        }
        let outside = Outside::new()?;
        let dir = settings.agent_data_dir().join("lookups");
        let lookups = Lookups::open(settings.lookup(), &outside.disk, &dir, &outside.clock)?;
        let lookups = lookups.ok_or_else(|| {
            usage(
                anyhow!("nobody is configured who could be asked"),
                "name a server by WATCHPOST_URL, give a service a key, or name a list: docs/lookups.md says how",
            )
        })?;
        Ok(Self::Here(Box::new(lookups)))
    }

    /// Each hash once.
    fn ask(&mut self, files: &[ScannedFile], progress: &Progress) -> Result<BTreeMap<String, KnownOfFile>> {
        let sums: BTreeSet<&String> = files.iter().filter_map(|file| file.sha256.as_ref()).collect();
        progress.say(format!("asking about {} hashes", sums.len()));
        client::block_on(async {
            let lookups = match self {
                Self::Server(client) => {
                    let sums: Vec<String> = sums.into_iter().cloned().collect();
                    return Ok(ask_server(client, &sums, WAIT).await?);
                }
                Self::Here(lookups) => lookups,
            };
            let mut known = BTreeMap::new();
            for sum in sums {
                progress.say(format!("asking: {} hashes", known.len()));
                known.insert(sum.clone(), of_known(lookups.look(sum).await));
            }
            Ok(known)
        })
    }

    fn troubles(&self) -> Vec<String> {
        match self {
            Self::Server(_) => Vec::new(),
            Self::Here(lookups) => lookups.troubles(),
        }
    }
}

/// Asks about files where that is wanted, and writes them.
fn tell(
    files: &mut [ScannedFile],
    who: Option<&mut Who>,
    args: &FilesArgs,
    progress: &Progress,
    out: &mut dyn Write,
) -> Result<()> {
    if let Some(who) = who {
        let known = who.ask(files, progress)?;
        add_known(files, &known);
    }
    if args.json {
        write_files_json(files, out)?;
    } else {
        write_files_table(files, out)?;
    }
    Ok(())
}

fn of_known(known: Known) -> KnownOfFile {
    // Somebody who was not asked may know better than everyone who knows nothing.
    let is_sure = known.verdict.as_ref().is_some_and(|verdict| verdict.opinion.is_bad());
    let waits = known.waits && !is_sure;
    match known.verdict {
        Some(verdict) if !waits => KnownOfFile {
            verdict: verdict.opinion.name().to_owned(),
            service: Some(verdict.service),
            positives: verdict.positives,
            total: verdict.total,
            names: verdict.names,
            link: verdict.link,
        },
        _ => KnownOfFile {
            verdict: if waits { "waiting" } else { "unknown" }.to_owned(),
            ..KnownOfFile::default()
        },
    }
}

fn scanned(found: Found) -> ScannedFile {
    match found {
        Found::File(looked) => of_file(&looked),
        Found::Trouble(Trouble { path, size, reason }) => ScannedFile {
            path: path.to_string_lossy().into_owned(),
            size,
            error: Some(chain(&reason)),
            ..ScannedFile::default()
        },
    }
}

fn of_file(looked: &Looked) -> ScannedFile {
    let (interpreter, format) = match &looked.kind {
        FileKind::Script { interpreter } => (Some(interpreter.clone()), None),
        FileKind::Archive { format } | FileKind::Document { format } => (None, Some((*format).to_owned())),
        _ => (None, None),
    };
    ScannedFile {
        path: looked.path.to_string_lossy().into_owned(),
        size: Some(looked.size),
        mode: looked.mode.map(|mode| format!("{mode:04o}")),
        kind: Some(looked.kind.name().to_owned()),
        interpreter,
        format,
        sha256: Some(looked.sha256.to_string()),
        words: looked.kind.words(),
        ..ScannedFile::default()
    }
}

/// For people, beside the output.
fn sum_up(walked: &Walked, args: &FilesArgs) -> Result<()> {
    let mut err = std::io::stderr().lock();
    write!(err, "{} files, {} bytes", walked.files, walked.bytes)?;
    if walked.troubles > 0 {
        write!(err, "; {} could not be looked at", walked.troubles)?;
    }
    if walked.passed_over > 0 {
        write!(
            err,
            "; {} links, devices, other file systems or folders too deep were passed over",
            walked.passed_over
        )?;
    }
    writeln!(err)?;
    if walked.cut {
        writeln!(
            err,
            "note: these are the first {}: --max-files takes more",
            args.max_files
        )?;
    }
    Ok(())
}
