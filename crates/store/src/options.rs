use std::time::Duration;

/// Limits of a store. The defaults are those of an empty configuration file.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// What the head may weigh before a flush is due; twice as much is refused.
    pub head_bytes: u64,
    /// How long an event may stay in the head.
    pub head_age: Duration,
    /// Bytes of text a merged file may hold at most.
    pub merged_raw_bytes: u64,
    /// Bytes of text below which a file is not worth being packed: sorted as a whole and compressed harder.
    pub packed_raw_bytes: u64,
    /// How many small neighbours are worth a merge.
    pub merge_files: usize,
    /// Bytes of indexes and file metadata kept in memory between searches.
    pub cache_bytes: usize,
    /// Retention of everything that is not security.
    pub logs: Retention,
    /// Retention of events with `event.category` or `event.kind:alert`.
    pub security: Retention,
    /// How much of the disk must stay free.
    pub keep_free: KeepFree,
    /// Most groups a count tells apart.
    pub groups: usize,
    /// Most bars of a histogram.
    pub buckets: usize,
    /// Most rows of one search.
    pub rows: usize,
    /// How long a finished epoch is remembered: twice the agents' greatest spool age.
    pub forget_epochs: Duration,
}

/// Until when a class is kept; `None` is without limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// By receive time, in whole files.
    pub max_age: Option<Duration>,
    /// Bytes on disk; the oldest files go first.
    pub max_bytes: Option<u64>,
}

/// What must stay free on the disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KeepFree {
    /// Bytes.
    Bytes(u64),
    /// Hundredths of the disk.
    Percent(f64),
}

impl KeepFree {
    /// In bytes, on a disk of this size.
    pub fn of(self, total: u64) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes,
            Self::Percent(percent) => (total as f64 * percent.clamp(0.0, 100.0) / 100.0) as u64,
        }
    }
}

const DAY: u64 = 24 * 3600;

impl Default for StoreOptions {
    fn default() -> Self {
        Self {
            head_bytes: 32 << 20,
            head_age: Duration::from_mins(10),
            merged_raw_bytes: 256 << 20,
            packed_raw_bytes: 1 << 20,
            merge_files: 8,
            cache_bytes: 16 << 20,
            logs: Retention {
                max_age: Some(Duration::from_secs(30 * DAY)),
                max_bytes: Some(50_000_000_000),
            },
            security: Retention {
                max_age: Some(Duration::from_secs(365 * DAY)),
                max_bytes: Some(20_000_000_000),
            },
            keep_free: KeepFree::Percent(5.0),
            groups: 10_000,
            buckets: 10_000,
            rows: 10_000,
            forget_epochs: Duration::from_secs(28 * DAY),
        }
    }
}
