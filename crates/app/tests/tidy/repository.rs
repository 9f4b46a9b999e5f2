//! The repository as data: tracked files, manifests, the licences of all dependencies.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A tracked text file; its path is relative to the repository and uses `/`.
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl TextFile {
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|extension| extension == "rs")
    }

    pub(crate) fn is_test(&self) -> bool {
        self.path.contains("/tests/") || self.path.ends_with("/tests.rs")
    }
}

pub(crate) struct Repository {
    pub(crate) files: Vec<TextFile>,
    /// Every file and its size in bytes.
    pub(crate) sizes: Vec<(String, u64)>,
}

/// Folders that hold what was built or belongs to tools.
const PASSED_OVER: &[&str] = &[
    ".git",
    "target",
    "node_modules",
    ".venv",
    "proptest-regressions",
    "__pycache__",
];

impl Repository {
    /// Reads the working tree rather than what git tracks: a new file is held to the rules before it is committed,
    /// and a source archive without `.git` can be tested.
    pub(crate) fn read() -> Self {
        let root = root();
        let mut found = Self {
            files: Vec::new(),
            sizes: Vec::new(),
        };
        found.folder(&root, &root);
        found
    }

    fn folder(&mut self, root: &Path, folder: &Path) {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // Another process may write into the tree while it is read: what is gone is not a finding.
            let Ok(meta) = std::fs::symlink_metadata(&path) else {
                continue;
            };
            if meta.is_dir() && !PASSED_OVER.contains(&name.as_str()) {
                self.folder(root, &path);
            } else if meta.is_file() && name != ".git" {
                let relative = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
                self.sizes.push((relative.clone(), meta.len()));
                if let Ok(text) = std::fs::read_to_string(&path) {
                    self.files.push(TextFile { path: relative, text });
                }
            }
        }
    }

    /// The manifests of the workspace's crates.
    pub(crate) fn manifests(&self) -> Vec<&TextFile> {
        let is_manifest = |path: &str| {
            path.ends_with("/Cargo.toml")
                && (["crates/", "bench/", "fuzz/"]
                    .iter()
                    .any(|folder| path.starts_with(folder)))
        };
        self.files.iter().filter(|file| is_manifest(&file.path)).collect()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Name and licence expression of every package built for this machine.
pub(crate) fn licences() -> Vec<(String, String)> {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let host = String::from_utf8(rustc.stdout).unwrap();
    let host = host
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap()
        .to_owned();
    let cargo = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--offline",
            "--filter-platform",
            &host,
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        cargo.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&cargo.stderr)
    );
    let metadata: serde_json::Value = serde_json::from_slice(&cargo.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    packages
        .iter()
        .map(|package| (text(&package["name"]), text(&package["license"])))
        .collect()
}
