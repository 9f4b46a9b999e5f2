//! Permission bits.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

/// The permission bits, when users other than the owner can read or change the file. Root's files may be readable by
/// their group: that is how a service's configuration is installed (0640).
pub(crate) fn exposed(metadata: &Metadata) -> Option<u32> {
    let mode = metadata.mode() & 0o7777;
    let allowed = if metadata.uid() == 0 { 0o740 } else { 0o700 };
    (mode & 0o777 & !allowed != 0).then_some(mode)
}
