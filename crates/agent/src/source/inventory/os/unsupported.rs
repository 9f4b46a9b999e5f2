//! Where no inventory can be taken yet.

use std::sync::Arc;

use super::super::row::Look;

/// Looks at this host: not here.
pub fn this_host() -> Option<Arc<dyn Look>> {
    None
}
