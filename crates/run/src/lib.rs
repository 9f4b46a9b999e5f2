//! What keeps a process running: the disk as a trait, supervision, shutdown, own metrics, the host's name.
//!
//! No domain words here: this crate does not know what an event or a batch is.
//! Start reading at [`disk`]: everything durable goes through it.
//!
//! ```
//! use std::path::Path;
//! use watchpost_run::{Disk, MemDisk, OpenMode};
//!
//! let disk = MemDisk::new();
//! let file = disk.open(Path::new("/note"), OpenMode::CreateNew)?;
//! file.write_at(b"hello", 0)?;
//! file.sync()?;
//! disk.sync_dir(Path::new("/"))?;
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod disk;
mod host;
pub mod memory;
pub mod metrics;
pub mod open_files;
mod program;
mod shutdown;
mod supervisor;

pub use disk::{
    DirEntry, Disk, DiskFile, DiskLock, Fault, MemDisk, OpenMode, RealDisk, Space, read_exact_at, read_file,
    replace_file,
};
pub use host::host_name;
pub use program::{Ended, Program};
pub use shutdown::Shutdown;
pub use supervisor::{Escalation, Hanging, Outcome, Policy, Supervisor, TaskState, TaskStatus, pass_on_panic};
