use sysinfo::{CpuRefreshKind, Disks, System};

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
