//! Other people's rules into a folder of rules: what can be used is copied as it is, with author and licence; what cannot
//! is named, with the reason.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use watchpost_detect::{Problem, RuleText, Rules};

use super::load;

/// Files of one import, and bytes of one.
const FILES_MAX: usize = 20_000;
const FILE_BYTES_MAX: u64 = 1 << 20;
/// What an archive may unfold to.
const TOTAL_BYTES_MAX: u64 = 256 << 20;
/// Files that say under which terms rules may be used.
const LICENSES: [&str; 4] = ["license", "licence", "copying", "notice"];

/// What an import found and did.
#[derive(Clone, Debug, Default)]
pub struct ImportReport {
    /// Rules that can be used.
    pub rules: usize,
    /// Files that were copied, or would be.
    pub files: usize,
    /// Of them, files that were there already, unchanged.
    pub unchanged: usize,
    /// Files that say under which terms the rules may be used, copied too.
    pub licenses: usize,
    /// What cannot be used, and why.
    pub problems: Vec<Problem>,
    /// Where they are now.
    pub folder: PathBuf,
}

/// One file to be imported.
struct Found {
    /// Below the folder or within the archive.
    name: PathBuf,
    text: String,
}

/// Copies what can be used of a folder or ZIP archive into `to/<its name>/`; with `dry_run` nothing is written.
pub fn import(from: &Path, to: &Path, dry_run: bool) -> io::Result<ImportReport> {
    // Also of `.` and `..` the name.
    let from = &fs::canonicalize(from)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", from.display())))?;
    let mut unreadable = Vec::new();
    let found = if is_zip(from) {
        of_archive(from, &mut unreadable)?
    } else {
        of_folder(from, &mut unreadable)?
    };
    let stem = from.file_stem().unwrap_or(from.as_os_str());
    let folder = to.join(stem);
    let (licenses, rules): (Vec<Found>, Vec<Found>) = found.into_iter().partition(|file| is_license(&file.name));
    if rules.is_empty() {
        let message = format!("{} holds no rules (.yml, .yaml)", from.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    let texts: Vec<RuleText> = rules
        .iter()
        .map(|file| RuleText::new(file.name.display().to_string(), file.text.clone()))
        .collect();
    let (compiled, mut problems) = Rules::compile(&texts);
    let list = compiled.list();
    // A file without rules and without mistakes holds filters.
    let usable = |file: &&Found| {
        let name = file.name.display().to_string();
        list.iter().any(|rule| rule.file == name) || !problems.iter().any(|problem| problem.file == name)
    };
    let files: Vec<&Found> = rules.iter().filter(usable).collect();
    problems.extend(unreadable);
    let mut report = ImportReport {
        rules: list.len(),
        problems,
        folder: folder.clone(),
        ..ImportReport::default()
    };
    for file in files {
        report.files += 1;
        report.unchanged += usize::from(copy(&folder, file, dry_run)?);
    }
    for file in &licenses {
        report.licenses += 1;
        copy(&folder, file, dry_run)?;
    }
    Ok(report)
}

/// Whether it was there already.
fn copy(folder: &Path, file: &Found, dry_run: bool) -> io::Result<bool> {
    let path = folder.join(&file.name);
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if fs::read_to_string(&path).is_ok_and(|there| there == file.text) {
        return Ok(true);
    }
    if dry_run {
        return Ok(false);
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(named)?;
    }
    // Complete or not there: a running server looks every second.
    let part = path.with_extension("part");
    fs::write(&part, &file.text).map_err(named)?;
    fs::rename(&part, &path).map_err(named)?;
    Ok(false)
}

fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip")) && path.is_file()
}

fn is_license(name: &Path) -> bool {
    let stem = name.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    LICENSES.iter().any(|known| stem.starts_with(known)) && !load::is_rule(name)
}

fn of_folder(from: &Path, unreadable: &mut Vec<Problem>) -> io::Result<Vec<Found>> {
    let root = if from.is_dir() {
        from
    } else {
        from.parent().unwrap_or(from)
    };
    let mut found = Vec::new();
    for file in load::find(&[from.to_path_buf()])? {
        let name = file.path.strip_prefix(root).unwrap_or(&file.path).to_path_buf();
        match load::text(&file) {
            Ok(text) => found.push(Found { name, text }),
            Err(error) => unreadable.push(problem(&name, error.to_string())),
        }
    }
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let path = entry?.path();
            let name = PathBuf::from(path.file_name().unwrap_or_default());
            let small = fs::metadata(&path).is_ok_and(|data| data.is_file() && data.len() <= FILE_BYTES_MAX);
            if small && is_license(&name) {
                let text = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
                found.push(Found { name, text });
            }
        }
    }
    Ok(found)
}

fn of_archive(from: &Path, unreadable: &mut Vec<Problem>) -> io::Result<Vec<Found>> {
    let wrong = |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", from.display()));
    let mut archive = zip::ZipArchive::new(fs::File::open(from)?).map_err(|error| wrong(error.to_string()))?;
    let (mut found, mut total) = (Vec::new(), 0_u64);
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).map_err(|error| wrong(error.to_string()))?;
        // A name that leads out of the folder is none.
        let Some(name) = entry.enclosed_name().filter(|name| is_plain(name)) else {
            return Err(wrong(format!("{:?} is not a name within an archive", entry.name())));
        };
        if !entry.is_file() || !(load::is_rule(&name) || is_license(&name)) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.by_ref().take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
        total += bytes.len() as u64;
        if total > TOTAL_BYTES_MAX || found.len() == FILES_MAX {
            let limits = format!("{FILES_MAX} files, {TOTAL_BYTES_MAX} bytes together");
            return Err(wrong(format!("more than {limits} are not imported")));
        }
        let message = if bytes.len() as u64 > FILE_BYTES_MAX {
            format!("is larger than {FILE_BYTES_MAX} bytes")
        } else {
            match String::from_utf8(bytes) {
                Ok(text) => {
                    found.push(Found { name, text });
                    continue;
                }
                Err(_) => "is not UTF-8".to_owned(),
            }
        };
        unreadable.push(problem(&name, message));
    }
    Ok(found)
}

/// Of a file that cannot be read.
fn problem(name: &Path, message: String) -> Problem {
    Problem {
        file: name.display().to_string(),
        rule: None,
        message,
        unsupported: false,
    }
}

fn is_plain(name: &Path) -> bool {
    name.components().all(|part| matches!(part, Component::Normal(_)))
}
