//! Disks that are slow, that fail now and then, and that fail for a while.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use watchpost_kit::{Rng, SystemClock};
use watchpost_run::{DirEntry, Disk, DiskFile, DiskLock, Fault, MemDisk, OpenMode, Space};

use crate::world::World;

/// Every write and sync takes its time.
struct Slow(MemDisk);

struct SlowFile(Arc<dyn DiskFile>);

const WRITE: Duration = Duration::from_millis(2);
const SYNC: Duration = Duration::from_millis(60);

impl Disk for Slow {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(SlowFile(self.0.open(path, mode)?)))
    }
    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.0.read_dir(path)
    }
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.0.create_dir_all(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.0.remove_file(path)
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.0.remove_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        std::thread::sleep(SYNC);
        self.0.sync_dir(path)
    }
    fn space(&self, path: &Path) -> io::Result<Space> {
        self.0.space(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        self.0.lock(path)
    }
}

impl DiskFile for SlowFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buf, offset)
    }
    fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<()> {
        std::thread::sleep(WRITE);
        self.0.write_at(buf, offset)
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
    fn sync(&self) -> io::Result<()> {
        std::thread::sleep(SYNC);
        self.0.sync()
    }
}

fn world(agent: &MemDisk, server: &MemDisk) -> World {
    World::start(
        Arc::new(agent.clone()),
        Arc::new(server.clone()),
        Arc::new(SystemClock::new()),
    )
}

#[test]
fn slow_disks_on_both_sides() {
    let slow = || Arc::new(Slow(MemDisk::new()));
    let mut world = World::start(slow(), slow(), Arc::new(SystemClock::new()));
    for _ in 0..5 {
        world.write(400);
        world.wait_arrived();
    }
    world.end();
}

/// Single writes tear and single syncs and renames fail, on both sides, again and again.
#[test]
fn disks_that_fail_now_and_then() {
    let (agent, server) = (MemDisk::with_seed(1), MemDisk::with_seed(2));
    let mut world = world(&agent, &server);
    let mut rng = Rng::new(3);
    for round in 0..8 {
        let disk = if round % 2 == 0 { &agent } else { &server };
        disk.inject(Fault::FailOperation(rng.below(6)));
        world.write(100);
        world.wait_arrived();
    }
    world.end();
}

/// For a while nothing can be synced; then it can again, and all goes on by itself.
#[test]
fn syncs_that_fail_for_a_while() {
    for failing_server in [false, true] {
        let (agent, server) = (MemDisk::with_seed(4), MemDisk::with_seed(5));
        let mut world = world(&agent, &server);
        world.write(100);
        world.wait_arrived();
        let disk = if failing_server { &server } else { &agent };
        disk.inject(Fault::FailSyncs);
        world.write(200);
        world.wait_trouble();
        disk.clear_faults();
        world.write(100);
        world.wait_arrived();
        world.end();
    }
}

/// The same with reads: nothing that cannot be read now is taken for damaged or lost.
#[test]
fn reads_that_fail_for_a_while() {
    let (agent, server) = (MemDisk::with_seed(6), MemDisk::with_seed(7));
    let mut world = world(&agent, &server);
    world.write(100);
    world.wait_arrived();
    agent.inject(Fault::FailReads);
    world.write(200);
    world.wait_trouble();
    agent.clear_faults();
    server.inject(Fault::FailReads);
    world.write(100);
    server.clear_faults();
    world.wait_arrived();
    world.end();
}
