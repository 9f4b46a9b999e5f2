use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;

pub(crate) fn private_file_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}
