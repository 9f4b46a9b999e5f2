//! The data folder of a server that is not running, or a copy of one: looked at, and never changed.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use watchpost_event::api::{StoreStatsResponse, VerifyResponse};
use watchpost_run::RealDisk;

use crate::ServerError;
use crate::api::store_stats;

/// Reads everything that is stored below `folder` (a server's data folder, or its `store`) and compares all checksums.
/// `progress` is called with bytes done and bytes in all.
pub fn verify(folder: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<VerifyResponse, ServerError> {
    let mut progress = |done, all| {
        progress(done, all);
        ControlFlow::Continue(())
    };
    let report = watchpost_store::verify_at_rest(&RealDisk, &store_folder(folder), &mut progress)?;
    Ok(VerifyResponse {
        files: report.files,
        events: report.events,
        bytes: report.bytes,
        damage: report.damage,
    })
}

/// What is stored below `folder`; events that are in the ledger only are not counted.
pub fn stats(folder: &Path) -> Result<StoreStatsResponse, ServerError> {
    let stats = watchpost_store::stats_at_rest(&RealDisk, &store_folder(folder))?;
    Ok(store_stats(&stats))
}

fn store_folder(folder: &Path) -> PathBuf {
    let below = ["store", "server/store"].map(|name| folder.join(name));
    let found = below.into_iter().find(|dir| dir.is_dir());
    found.unwrap_or_else(|| folder.to_owned())
}
