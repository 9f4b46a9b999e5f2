//! What the rules cost, and how soon a person is told.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use watchpost_event::protocol::BATCH_CONTENT_TYPE;

use crate::instance::Server;
use crate::launches::bodies;
use crate::scenarios::{Bench, Load};
use crate::table::Table;
use crate::timing::{now, pause, percentile};

/// Programs started to see when a message about each arrives.
const LAUNCHES: usize = 200;
/// Process starts that the rules look at.
const EVENTS: u64 = 300_000;
/// Between two of them: people's programs do not start all at once.
const BETWEEN: Duration = Duration::from_millis(25);
/// A launch to see whether the program watches; after those that are measured.
const PROBE: usize = 9_999;
const PATIENCE: Duration = Duration::from_secs(30);

impl Bench {
    /// The same intake without rules, with those that come with the program, and with those of a folder.
    pub(crate) fn detection(&self, rules: Option<&Path>, table: &mut Table) -> Result<()> {
        let none = self.intake_with("detect-none", "[detect]\nbuiltin = false\n")?;
        let builtin = self.intake_with("detect-builtin", "[detect]\nbuiltin = true\n")?;
        let mut kinds = vec![("with the rules of the program", builtin)];
        if let Some(folder) = rules {
            let config = format!(
                "[detect]\nbuiltin = true\nrules = ['{}']\n",
                folder.canonicalize()?.display()
            );
            kinds.push((
                "with the rules of the given folder too",
                self.intake_with("detect-folder", &config)?,
            ));
        }
        let events = EVENTS as f64;
        for (what, runs) in kinds {
            let pairs = runs.iter().zip(&none);
            let rate = |((cpu, _), (without, _)): (&(f64, f64), &(f64, f64))| events / (cpu - without).max(1e-3) / 1e3;
            let rates: Vec<f64> = pairs.map(rate).collect();
            let peaks: Vec<f64> = runs.iter().map(|(_, peak)| *peak).collect();
            table.spread(format!("detection {what}"), "k events per CPU-s", "≥ 45", &rates);
            table.spread("… server RSS peak under intake", "MB", "≤ 300", &peaks);
        }
        Ok(())
    }

    /// CPU-seconds and peak memory of one intake, per run.
    fn intake_with(&self, name: &str, config: &str) -> Result<Vec<(f64, f64)>> {
        let mut results = Vec::new();
        let halves = [bodies(1, EVENTS)?];
        let load = Load {
            content_type: BATCH_CONTENT_TYPE,
            halves: &halves,
            bytes: halves.iter().flatten().map(|body| body.len() as u64).sum(),
            records: EVENTS,
        };
        for run in 0..self.runs {
            let folder = self.folder(&format!("{name}-{run}"))?;
            fs::create_dir_all(folder.join("config"))?;
            fs::write(folder.join("config/server.toml"), config)?;
            let intake = self.intake(&folder, &load)?;
            results.push((intake.cpu_seconds, intake.peak_mb));
            fs::remove_dir_all(&folder)?;
        }
        Ok(results)
    }

    /// A watched program starts; a message is at the (local double of the) chat server.
    pub(crate) fn telling(&self, table: &mut Table) -> Result<()> {
        let folder = self.folder("telling")?;
        let (port, arrivals) = chat_server()?;
        let programs = folder.join("programs");
        fs::create_dir_all(&programs)?;
        // As short as no program of a person's is, and long enough that nobody has to be quicker than the kernel.
        let program = programs.join("wp-bench-watched");
        fs::copy("/bin/sleep", &program)?;
        fs::create_dir_all(folder.join("config"))?;
        let config = folder.join("config/up.toml");
        fs::write(
            &config,
            format!(
                "[[channel]]\nname = \"bench\"\nkind = \"telegram\"\ntoken = \"1:bench\"\nchat = \"1\"\n\
                 api_url = \"http://127.0.0.1:{port}\"\ntemplate = \"{{{{ process.command_line }}}}\"\n\
                 [[route]]\nwhen = \"process.title:wp-bench\"\nchannels = [\"bench\"]\ngroup = \"none\"\n\
                 [source.process]\nwatch = [{{ title = \"wp-bench\", names = [\"wp-bench-watched\"] }}]\n"
            ),
        )?;
        fs::set_permissions(&config, fs::Permissions::from_mode(0o600))?;
        let server = Server::start_up(&self.watchpost, &folder)?;
        let mut values = launches(&program, &arrivals)?;
        let p99 = percentile(&mut values, 0.99);
        table.spread("program started → request at Telegram's double", "ms", "", &values);
        table.spread("… p99", "ms", "≤ 1000", &[p99]);
        server.stop()?;
        Ok(())
    }
}

fn launches(program: &PathBuf, arrivals: &Receiver<(String, Instant)>) -> Result<Vec<f64>> {
    // Until the program watches, what starts is what was there before.
    while arrivals.try_recv().is_err() {
        Command::new(program).arg(format!("0.02{PROBE}")).status()?;
        pause(BETWEEN);
    }
    let mut begun = Vec::new();
    for launch in 0..LAUNCHES {
        begun.push(now());
        let status = Command::new(program).arg(format!("0.02{launch:04}")).status()?;
        ensure!(status.success(), "the watched program failed");
        pause(BETWEEN);
    }
    let mut values = vec![None; LAUNCHES];
    while values.iter().any(Option::is_none) {
        let (text, at) = arrivals.recv_timeout(PATIENCE).context("not every launch was told")?;
        let number = text
            .split(" 0.02")
            .nth(1)
            .and_then(|rest| rest.get(..4))
            .and_then(|number| number.parse().ok());
        let number: usize = number.with_context(|| format!("an unexpected message {text:?}"))?;
        if number == PROBE {
            continue;
        }
        ensure!(values[number].is_none(), "launch {number} was told twice");
        values[number] = Some(at.duration_since(begun[number]).as_secs_f64() * 1e3);
    }
    Ok(values.into_iter().flatten().collect())
}

/// Answers like the Bot API's sendMessage and says when which text arrived.
fn chat_server() -> Result<(u16, Receiver<(String, Instant)>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    let (sender, receiver) = sync_channel(LAUNCHES);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let sender = sender.clone();
            std::thread::spawn(move || drop(serve(connection, &sender)));
        }
    });
    Ok((port, receiver))
}

fn serve(stream: TcpStream, sender: &SyncSender<(String, Instant)>) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    loop {
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 && line.trim_end() != "" {
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
            line.clear();
        }
        if length == 0 {
            return Ok(());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let at = now();
        let body: serde_json::Value = serde_json::from_slice(&body)?;
        let text = body["text"].as_str().unwrap_or_default().to_owned();
        let answer = r#"{"ok":true,"result":{"message_id":1,"date":1,"chat":{"id":1,"type":"private"}}}"#;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + answer).as_bytes())?;
        if sender.send((text, at)).is_err() {
            return Ok(());
        }
    }
}
