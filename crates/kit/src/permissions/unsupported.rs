//! Where permissions are inherited from the folder, there are no bits to judge.

use std::fs::Metadata;

/// Never known to be exposed.
pub(crate) fn exposed(_metadata: &Metadata) -> Option<u32> {
    None
}
