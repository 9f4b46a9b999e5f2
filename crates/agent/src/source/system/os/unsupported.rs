use sysinfo::Disks;

use crate::source::system::information::{DISKS_LIMIT, DiskInfo, percent};

/// What precedes the kernel's version.
pub(in crate::source::system) const KERNEL: &str = "kernel";

/// File systems as the operating system lists them, in order of mount point.
pub(in crate::source::system) fn disks() -> Vec<DiskInfo> {
    let Ok(disks) = Disks::new_with_refreshed_list() else {
        return Vec::new();
    };
    let measured = disks.iter().filter(|disk| disk.total_space() > 0).map(|disk| DiskInfo {
        mount_point: disk.mount_point().to_string_lossy().into_owned(),
        file_system: disk.file_system().to_string_lossy().into_owned(),
        total: disk.total_space(),
        available: disk.available_space(),
        usage_percent: percent(
            disk.total_space().saturating_sub(disk.available_space()),
            disk.total_space(),
        ),
    });
    let mut disks: Vec<DiskInfo> = measured.collect();
    disks.sort_by(|a, b| a.mount_point.cmp(&b.mount_point));
    disks.dedup_by(|a, b| a.mount_point == b.mount_point);
    disks.truncate(DISKS_LIMIT);
    disks
}
