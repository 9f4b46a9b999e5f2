//! A PostgreSQL server of our own, from Debian's programs: its data in a temporary folder, reached through a socket
//! there, gone when the test ends however it ends.

use std::fs::File;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tempfile::TempDir;

use crate::TestPlace;

const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// Runs the server until its standard input ends: that happens too when the test is killed.
const KEEPER: &str = r#""$0" "$@" & pid=$!; read -r _; kill -INT "$pid"; wait "$pid""#;

pub(crate) struct Server {
    /// `None` when it is being ended.
    keeper: Option<Child>,
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
    databases: AtomicU32,
}

impl Server {
    /// Starts it. Without PostgreSQL's programs it says so; where `CI=true` that is a failure.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let missing = "PostgreSQL's programs are missing: NOTHING WAS TESTED on PostgreSQL. Run `make setup`";
            #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
            let ci = std::env::var("CI").is_ok_and(|value| value == "true");
            assert!(!ci, "{missing}");
            #[expect(clippy::print_stderr, reason = "a test that tests nothing must say so")]
            {
                eprintln!("warning: {missing}");
            }
            return None;
        };
        let folder = tempfile::Builder::new().prefix("wp-pg-").tempdir().unwrap();
        let owner = unprivileged(folder.path());
        let data = folder.path().join("data");
        let made = as_user(&programs.join("initdb"), owner)
            .args([
                "--auth=trust",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--no-sync",
            ])
            .arg("--pgdata")
            .arg(&data)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "initdb: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let log = File::create(folder.path().join("log")).unwrap();
        let keeper = as_user(Path::new("/bin/sh"), owner)
            .args(["-c", KEEPER])
            .arg(programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args([
                "-c",
                "listen_addresses=",
                "-c",
                "fsync=off",
                "-c",
                "max_connections=100",
                "-c",
            ])
            .arg(format!("unix_socket_directories={}", folder.path().display()))
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self {
            keeper: Some(keeper),
            folder,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap(),
            databases: AtomicU32::new(0),
        };
        let admin = server.runtime.block_on(server.connect());
        server.runtime.block_on(admin.close()).unwrap();
        Some(server)
    }

    /// Runs a case in a database of its own; whether it passed.
    pub(crate) fn passes<F>(&self, case: &str, run: impl FnOnce(TestPlace) -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let name = format!("case_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.runtime.block_on(async {
            let admin = self.connect().await;
            admin
                .execute_unprepared(&format!("CREATE DATABASE {name}"))
                .await
                .unwrap();
            admin.close().await.unwrap();
        });
        let place = TestPlace::postgres(self.url(&name));
        let done = self.runtime.block_on(self.runtime.spawn(run(place)));
        #[expect(clippy::print_stderr, reason = "which of the cases failed")]
        if done.is_err() {
            eprintln!("PostgreSQL: {case} FAILED");
        }
        done.is_ok()
    }

    fn url(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&user=postgres",
            self.folder.path().display()
        )
    }

    async fn connect(&self) -> DatabaseConnection {
        let mut options = ConnectOptions::new(self.url("postgres"));
        options.max_connections(1).sqlx_logging(false);
        for _ in 0..TRIES {
            if let Ok(connection) = Database::connect(options.clone()).await {
                return connection;
            }
            tokio::time::sleep(PAUSE).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start: {log}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut keeper) = self.keeper.take() else { return };
        drop(keeper.stdin.take());
        for _ in 0..TRIES {
            match keeper.try_wait() {
                Ok(None) => std::thread::sleep(PAUSE),
                _ => return,
            }
        }
        let _ = keeper.kill();
    }
}

/// The newest version's folder.
fn programs() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .filter(|(_, programs)| programs.join("initdb").exists() && programs.join("postgres").exists())
        .collect();
    found.sort();
    found.pop().map(|(_, programs)| programs)
}

/// PostgreSQL refuses to run as root: the folder is given to another user, who runs it.
fn unprivileged(folder: &Path) -> Option<(u32, u32)> {
    if std::fs::metadata(folder).unwrap().uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let ids = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut parts = line.split(':').skip(2);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    let (user, group) = ids("postgres").or_else(|| ids("nobody")).unwrap();
    std::os::unix::fs::chown(folder, Some(user), Some(group)).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    Some((user, group))
}

fn as_user(program: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    // It need not be allowed into ours.
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}
