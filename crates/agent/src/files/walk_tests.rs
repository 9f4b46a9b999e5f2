#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use super::*;

const LIMITS: Limits = Limits {
    max_size: 1000,
    files: 100,
    depth: 3,
};

/// Names below `root` that were looked at, what made trouble, and the sum.
fn seen(root: &Path, limits: &Limits) -> (Vec<String>, Vec<String>, Walked) {
    let (mut files, mut troubles) = (Vec::new(), Vec::new());
    let short = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    let visit = |found: Found| {
        match found {
            Found::File(looked) => files.push(short(&looked.path)),
            Found::Trouble(trouble) => troubles.push(format!("{}: {}", short(&trouble.path), trouble.reason)),
        }
        ControlFlow::Continue(())
    };
    let walked = walk(&[root.to_owned()], limits, |_| true, visit);
    (files, troubles, walked)
}

#[test]
fn folders_are_walked_in_order_and_what_is_no_file_is_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    fs::create_dir_all(root.join("b/deep/er/est")).unwrap();
    for name in ["a", "b/x", "b/deep/y", "b/deep/er/z", "b/deep/er/est/no", "c"] {
        fs::write(root.join(name), name).unwrap();
    }
    fs::write(root.join("large"), vec![0; 1001]).unwrap();
    symlink("/etc", root.join("link")).unwrap();
    symlink("c", root.join("link-to-a-file")).unwrap();
    let _socket = UnixListener::bind(root.join("socket")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let (files, troubles, walked) = seen(root, &LIMITS);
    assert_eq!(files, ["a", "b/deep/er/z", "b/deep/y", "b/x", "c"]);
    assert_eq!(troubles, ["large: it has more than 1000 bytes"]);
    assert_eq!((walked.files, walked.troubles, walked.passed_over), (5, 1, 5));
    assert!(!walked.cut);
    let few = Limits { files: 3, ..LIMITS };
    let (files, _, walked) = seen(root, &few);
    assert_eq!((files.len(), walked.cut), (3, true));
}

#[test]
fn a_named_link_is_followed_and_what_is_missing_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("program");
    fs::write(&file, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o4755)).unwrap();
    let link = dir.path().join("link");
    symlink(&file, &link).unwrap();
    let mut found = Vec::new();
    let roots = [link.clone(), dir.path().join("absent"), PathBuf::from("/dev/null")];
    let walked = walk(
        &roots,
        &LIMITS,
        |_| true,
        |what| {
            found.push(what);
            ControlFlow::Continue(())
        },
    );
    assert_eq!((walked.files, walked.troubles), (1, 2));
    let Found::File(looked) = &found[0] else {
        panic!("{found:?}")
    };
    assert_eq!((looked.size, looked.mode), (10, Some(0o4755)));
    assert_eq!(looked.path, file.canonicalize().unwrap());
    // By itself a link is not opened: what is put in the place of a file leads nowhere.
    assert!(look_at(&link, 1000, |_| true).is_err());
}
