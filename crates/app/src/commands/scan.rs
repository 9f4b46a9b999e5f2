//! `watchpost scan files`.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use watchpost_agent::files::{FileKind, Found, Limits, Looked, Trouble, Walked, walk};
use watchpost_console::{Exit, Progress, ScannedFile, write_files_json, write_files_table};
use watchpost_kit::{ByteSize, chain};

use crate::cli::Global;
use crate::commands::client;

/// Look at this host once
#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    #[command(subcommand)]
    command: ScanCommand,
}

#[derive(Debug, Subcommand)]
enum ScanCommand {
    Files(FilesArgs),
}

/// Hash files, and say what they are
///
/// Folders are walked through; symbolic links in them are not followed, and other file systems only where they are named. What cannot be read is listed, and the others go on.
///
/// Exit codes: 0 done, whatever was found; 1 nothing could be looked at; 3 no files are there.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  watchpost scan files /usr/local/bin
  watchpost scan files --json /tmp /dev/shm | jq -r 'select(.type==\"elf\") | .path'
  watchpost scan files --max-size 1GB ~/Downloads")]
struct FilesArgs {
    /// Files and folders
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
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

pub(crate) fn run(args: &ScanArgs, global: &Global) -> Result<Exit> {
    match &args.command {
        ScanCommand::Files(args) => files(args, global),
    }
}

fn files(args: &FilesArgs, _global: &Global) -> Result<Exit> {
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
    let walked = walk(
        &args.paths,
        &limits,
        |_| true,
        |found| {
            seen += 1;
            progress.say(format!("looking at files: {seen}"));
            waiting.push(scanned(found));
            if !args.json || waiting.len() < CHUNK {
                return ControlFlow::Continue(());
            }
            let written = write_files_json(&waiting, &mut out);
            waiting.clear();
            match written {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        },
    );
    drop(progress);
    if let Some(error) = failed {
        return Err(error.into());
    }
    if args.json {
        write_files_json(&waiting, &mut out)?;
    } else {
        write_files_table(&mut waiting, &mut out)?;
    }
    out.flush()?;
    sum_up(&walked, args)?;
    Ok(match walked {
        Walked {
            files: 0, troubles: 0, ..
        } => Exit::NothingFound,
        Walked { files: 0, .. } => Exit::Failed,
        _ => Exit::Done,
    })
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
