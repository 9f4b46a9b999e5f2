//! Access follows from the data folder's own access list, which files inherit.

use std::fs::OpenOptions;

pub(crate) fn private_file_options() -> OpenOptions {
    OpenOptions::new()
}
