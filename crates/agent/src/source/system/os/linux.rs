use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use sysinfo::{CpuRefreshKind, System};

use crate::source::system::information::{DISKS_LIMIT, DiskInfo, percent};

/// What precedes the kernel's version.
pub(in crate::source::system) const KERNEL: &str = "Linux";

/// The mount table is read up to so many bytes.
const MOUNTS_BYTES: u64 = 1 << 20;

/// File systems that hold data on this machine. Asking one of the network for its size may hang for as long as its
/// server is away, and a pseudo file system or a read-only image has no size worth watching.
const LOCAL: [&str; 20] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "bcachefs", "f2fs", "jfs", "nilfs2", "reiserfs", "ubifs", "vfat",
    "msdos", "exfat", "ntfs", "ntfs3", "fuseblk", "hfsplus", "ufs",
];

/// Mounted file systems, one entry per device, in order of mount point.
pub(in crate::source::system) fn disks() -> Vec<DiskInfo> {
    let mut table = String::new();
    let read = File::open("/proc/self/mounts").and_then(|file| file.take(MOUNTS_BYTES).read_to_string(&mut table));
    if read.is_err() {
        return Vec::new();
    }
    mounted(&table)
        .into_iter()
        .filter_map(measured)
        .take(DISKS_LIMIT)
        .collect()
}

/// (mount point, file system) of the table's local file systems. What is mounted in several places (bind mounts,
/// subvolumes) counts once, where its path is the shortest; what is mounted over another hides it.
fn mounted(table: &str) -> Vec<(String, String)> {
    let mut by_place: BTreeMap<String, (&str, &str)> = BTreeMap::new();
    for line in table.lines() {
        let mut parts = line.split_ascii_whitespace();
        if let (Some(device), Some(place), Some(kind)) = (parts.next(), parts.next(), parts.next()) {
            by_place.insert(unescaped(place), (device, kind));
        }
    }
    // In a container the root lies on an overlay.
    by_place.retain(|place, (_, kind)| LOCAL.contains(kind) || (place == "/" && *kind == "overlay"));
    let mut by_device: BTreeMap<&str, &str> = BTreeMap::new();
    for (place, (device, _)) in &by_place {
        let shortest = by_device.entry(device).or_insert(place);
        if place.len() < shortest.len() {
            *shortest = place;
        }
    }
    let shown = by_place
        .iter()
        .filter(|(place, (device, _))| by_device.get(device) == Some(&place.as_str()));
    shown
        .map(|(place, (_, kind))| (place.clone(), (*kind).to_owned()))
        .collect()
}

/// The table writes space, tab, newline and backslash as three octal digits (proc(5), getmntent(3)).
fn unescaped(place: &str) -> String {
    let codes = [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")];
    codes.iter().fold(place.to_owned(), |text, (code, character)| {
        text.replace(code, character)
    })
}

fn measured((mount_point, file_system): (String, String)) -> Option<DiskInfo> {
    let figures = rustix::fs::statvfs(mount_point.as_str()).ok()?;
    let total = figures.f_blocks.saturating_mul(figures.f_frsize);
    let free = figures.f_bfree.saturating_mul(figures.f_frsize);
    let available = figures.f_bavail.saturating_mul(figures.f_frsize);
    // As df(1): what is kept for root is neither used nor available.
    let used = total.saturating_sub(free);
    (total > 0).then(|| DiskInfo {
        mount_point,
        file_system,
        total,
        available,
        usage_percent: percent(used, used.saturating_add(available)),
    })
}

/// Such as `Debian GNU/Linux 12`.
pub(in crate::source::system) fn name() -> String {
    let name = System::name().unwrap_or_else(|_| std::env::consts::OS.to_owned());
    match System::os_version() {
        Ok(version) if !version.is_empty() => format!("{name} {version}"),
        _ => name,
    }
}

/// How busy the processor is.
pub(in crate::source::system) struct Load;

#[expect(clippy::unused_self, reason = "elsewhere counters are remembered")]
impl Load {
    pub(in crate::source::system) const fn new() -> Self {
        Self
    }

    /// Reads the counters; they are remembered in `system`.
    pub(in crate::source::system) fn refresh(&mut self, system: &mut System) {
        system.refresh_cpu_specifics(CpuRefreshKind::nothing().with_usage());
    }

    /// Of all cores together, in percent.
    pub(in crate::source::system) fn usage(&self, system: &System) -> f64 {
        f64::from(system.global_cpu_usage())
    }

    /// Over 1, 5 and 15 minutes.
    pub(in crate::source::system) fn average() -> [f64; 3] {
        System::load_average().map_or([0.0; 3], |load| [load.one, load.five, load.fifteen])
    }
}

#[cfg(test)]
mod tests {
    use super::mounted;

    #[test]
    fn local_file_systems_count_once_and_others_not_at_all() {
        let table = "\
/dev/vda1 / ext4 rw 0 0
proc /proc proc rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/vda1 /var/lib/docker/bind ext4 rw 0 0
/dev/vdb /srv/my\\040data xfs rw 0 0
server:/export /mnt/nfs nfs4 rw 0 0
host /mnt/ssh fuse.sshfs rw 0 0
/dev/loop0 /snap/core/1 squashfs ro 0 0
overlay /var/lib/docker/overlay2/x/merged overlay rw 0 0
/dev/vdc /hidden ext4 rw 0 0
tmpfs /hidden tmpfs rw 0 0
short
";
        let expected = [("/", "ext4"), ("/srv/my data", "xfs")];
        let expected = expected.map(|(place, kind)| (place.to_owned(), kind.to_owned()));
        assert_eq!(mounted(table), expected);
        assert_eq!(mounted("overlay / overlay rw 0 0\n").len(), 1);
    }
}
