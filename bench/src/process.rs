//! Child processes and what they consumed, from `/proc`.

use std::fs;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::timing;

/// Ticks per second in `/proc`, the same on every Linux (`man 5 proc`, USER_HZ).
const USER_HZ: f64 = 100.0;

/// A running program; killed when dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        Ok(Self { child })
    }

    /// The same, with what it prints.
    pub(crate) fn start_heard(command: &mut Command) -> Result<(Self, ChildStdout)> {
        let mut process = Self::start(command.stdout(Stdio::piped()))?;
        let out = process.child.stdout.take().context("the program has no output")?;
        Ok((process, out))
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
    }

    /// User and system time of all its threads and ended children, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        cpu_fields(&self.read("stat")?, 11, 4)
    }

    /// The same of its threads of this name.
    pub(crate) fn thread_cpu_seconds(&self, name: &str) -> Result<f64> {
        let mut seconds = 0.0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let task = task?.path();
            // Threads come and go.
            let Ok(comm) = fs::read_to_string(task.join("comm")) else {
                continue;
            };
            if comm.trim_end() == name {
                seconds += cpu_fields(&fs::read_to_string(task.join("stat"))?, 11, 2)?;
            }
        }
        Ok(seconds)
    }

    /// User and system time of all processes this one started and waited for, in seconds.
    pub(crate) fn ended_children_cpu_seconds() -> Result<f64> {
        cpu_fields(&fs::read_to_string("/proc/self/stat")?, 13, 2)
    }

    fn status_megabytes(&self, key: &str) -> Result<f64> {
        let status = self.read("status")?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(key))
            .with_context(|| format!("no {key} in /proc/PID/status"))?;
        let kibibytes: f64 = line
            .trim_start_matches(':')
            .trim()
            .trim_end_matches("kB")
            .trim()
            .parse()?;
        Ok(kibibytes * 1024.0 / 1e6)
    }

    /// Resident memory now, in MB.
    pub(crate) fn resident_mb(&self) -> Result<f64> {
        self.status_megabytes("VmRSS")
    }

    /// The greatest resident memory so far, in MB.
    pub(crate) fn peak_mb(&self) -> Result<f64> {
        self.status_megabytes("VmHWM")
    }

    /// Asks it to end and waits.
    pub(crate) fn stop(mut self) -> Result<ExitStatus> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM)?;
        let deadline = timing::now() + Duration::from_mins(1);
        while timing::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            timing::pause(Duration::from_millis(5));
        }
        bail!("the process did not end within a minute of SIGTERM")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sums fields of `/proc/PID/stat`, counted from behind the program's name, which stands in brackets and may hold spaces.
fn cpu_fields(stat: &str, first: usize, count: usize) -> Result<f64> {
    let (_, rest) = stat.rsplit_once(')').context("unexpected /proc/PID/stat")?;
    let ticks = rest
        .split_whitespace()
        .skip(first)
        .take(count)
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>();
    Ok(ticks / USER_HZ)
}

/// Bytes of all files below a folder.
pub(crate) fn folder_bytes(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Files come and go while a server merges them.
        let Ok(meta) = entry.metadata() else { continue };
        bytes += if meta.is_dir() {
            folder_bytes(&entry.path())?
        } else {
            meta.len()
        };
    }
    Ok(bytes)
}
