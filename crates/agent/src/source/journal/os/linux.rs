use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `journalctl`, where distributions put it. The search path is the caller's and not looked at: the agent runs as a
/// service.
pub(in crate::source::journal) fn program() -> Option<PathBuf> {
    const FOLDERS: [&str; 4] = ["/usr/bin", "/bin", "/usr/local/bin", "/run/current-system/sw/bin"];
    let candidates = FOLDERS.iter().map(|folder| Path::new(folder).join("journalctl"));
    candidates.into_iter().find(|path| {
        fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    })
}

/// Whether a journal is kept here and we may read it.
pub(in crate::source::journal) fn available() -> bool {
    program().is_some() && has_journal(Path::new("/"))
}

/// This machine's id as its journal entries have it (machine-id(5)).
pub(in crate::source::journal) fn machine_id() -> Option<String> {
    machine_id_below(Path::new("/"))
}

fn machine_id_below(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join("etc/machine-id")).ok()?;
    let id = text.trim();
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
}

/// Without the right to read the system's journal (group `systemd-journal`) there is none for us: journalctl would show
/// a user's own entries at most, and say nothing of the others.
fn has_journal(root: &Path) -> bool {
    let Some(id) = machine_id_below(root) else {
        return false;
    };
    let folders = ["run/log/journal", "var/log/journal"].map(|folder| root.join(folder).join(&id));
    let is_system = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("system") && name.ends_with(".journal")
    };
    folders.iter().any(|folder| {
        let Ok(listing) = fs::read_dir(folder) else {
            return false;
        };
        let mut paths = listing.flatten().map(|entry| entry.path());
        paths.any(|path| is_system(&path) && File::open(&path).is_ok())
    })
}

/// In a process group of its own: what a terminal sends to us when somebody presses Ctrl-C is not for the child, which
/// we end ourselves once everything is read.
pub(in crate::source::journal) fn apart(command: &mut Command) {
    command.process_group(0);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_journal_is_one_of_this_machine_with_files_in_it() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert!(!has_journal(root.path()));
        write("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        write("var/log/journal/ffffffffffffffffffffffffffffffff/system.journal", "");
        write("var/log/journal/0123456789abcdef0123456789abcdef/user-1000.journal", "");
        assert!(!has_journal(root.path()));
        write("run/log/journal/0123456789abcdef0123456789abcdef/system.journal", "");
        assert!(has_journal(root.path()));
        write("etc/machine-id", "uninitialized\n");
        assert!(!has_journal(root.path()));
    }
}
