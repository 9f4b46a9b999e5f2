#![expect(unsafe_code, reason = "GetSystemTimes has no safe form")]

use sysinfo::{CpuRefreshKind, Disks, System};
use windows::Win32::Foundation::FILETIME;
use windows::Win32::System::Threading::GetSystemTimes;

use crate::source::system::information::{DISKS_LIMIT, DiskInfo, percent};

/// What precedes the kernel's version.
pub(in crate::source::system) const KERNEL: &str = "build";

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

/// Such as `Windows 11 Pro`.
pub(in crate::source::system) fn name() -> String {
    System::long_os_version().unwrap_or_else(|_| "Windows".to_owned())
}

/// How busy the processor is, between the last two times that were read.
pub(in crate::source::system) struct Load {
    /// Idle and all time of all cores since the start, in units of 100 ns.
    last: (u64, u64),
    percent: f64,
}

impl Load {
    pub(in crate::source::system) const fn new() -> Self {
        Self {
            last: (0, 0),
            percent: 0.0,
        }
    }

    /// Reads the counters. Performance counters would do that too, at the cost of their service.
    pub(in crate::source::system) fn refresh(&mut self, system: &mut System) {
        if system.cpus().is_empty() {
            system.refresh_cpu_list(CpuRefreshKind::nothing());
        }
        let Some((idle, all)) = times() else { return };
        let (was_idle, was_all) = std::mem::replace(&mut self.last, (idle, all));
        let passed = all.saturating_sub(was_all);
        let busy = passed.saturating_sub(idle.saturating_sub(was_idle));
        self.percent = percent(busy, passed);
    }

    /// Of all cores together, in percent.
    pub(in crate::source::system) fn usage(&self, _: &System) -> f64 {
        self.percent
    }

    /// Windows knows no such number.
    pub(in crate::source::system) fn average() -> [f64; 3] {
        [0.0; 3]
    }
}

/// Idle and all time of all cores since the start: what is called kernel time contains the idle one.
fn times() -> Option<(u64, u64)> {
    let mut times = [FILETIME::default(); 3];
    let [idle, kernel, user] = &mut times;
    // SAFETY: the three structures are ours.
    unsafe { GetSystemTimes(Some(idle), Some(kernel), Some(user)) }.ok()?;
    let [idle, kernel, user] = times.map(|time| (u64::from(time.dwHighDateTime) << 32) | u64::from(time.dwLowDateTime));
    Some((idle, kernel + user))
}
