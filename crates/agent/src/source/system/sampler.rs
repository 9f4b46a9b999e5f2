//! Measuring, at the cost of a few small files of the kernel; processes are never listed.

use sysinfo::{MemoryRefreshKind, Networks, System};

use super::information::{CpuInfo, DiskInfo, INTERFACES_LIMIT, MemoryInfo, NetworkInfo, one_decimal, percent};
use super::os;

/// One measurement.
pub(super) struct Sample {
    pub(super) os: String,
    pub(super) kernel: String,
    pub(super) architecture: String,
    pub(super) cpu: CpuInfo,
    pub(super) memory: MemoryInfo,
    pub(super) disks: Vec<DiskInfo>,
    pub(super) load_average: [f64; 3],
    pub(super) uptime: u64,
}

/// Measures again and again; remembers the CPU's counters in between.
pub(super) struct Sampler {
    /// `None` where the operating system is not known to us.
    system: Option<System>,
    load: os::Load,
}

impl Sampler {
    pub(super) fn new() -> Self {
        Self {
            system: System::new().ok(),
            load: os::Load::new(),
        }
    }

    /// Reads the counters. The CPU's usage is that since the time before, at first that since the host was started.
    pub(super) fn refresh(&mut self) {
        if let Some(system) = &mut self.system {
            self.load.refresh(system);
            system.refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());
        }
    }

    pub(super) fn sample(&self) -> Sample {
        Sample {
            os: os::name(),
            kernel: System::kernel_version().unwrap_or_default(),
            architecture: System::cpu_arch(),
            cpu: self.cpu(),
            memory: self.memory(),
            disks: os::disks(),
            load_average: os::Load::average(),
            uptime: System::uptime().unwrap_or_default(),
        }
    }

    fn cpu(&self) -> CpuInfo {
        let cpus = self.system.as_ref().map_or(&[][..], System::cpus);
        let model = cpus
            .first()
            .map(|cpu| cpu.brand().split_whitespace().collect::<Vec<_>>().join(" "));
        CpuInfo {
            cores: cpus.len(),
            model_name: model.unwrap_or_default(),
            usage_percent: one_decimal(self.system.as_ref().map_or(0.0, |system| self.load.usage(system))),
        }
    }

    fn memory(&self) -> MemoryInfo {
        let total = self.system.as_ref().map_or(0, System::total_memory);
        let available = self.system.as_ref().map_or(0, System::available_memory).min(total);
        MemoryInfo {
            total,
            available,
            used: total - available,
            usage_percent: percent(total - available, total),
        }
    }
}

/// Interfaces by name, without loopback.
pub(super) fn interfaces() -> Vec<NetworkInfo> {
    let Ok(networks) = Networks::new_with_refreshed_list() else {
        return Vec::new();
    };
    let mut interfaces = Vec::new();
    for (name, data) in &networks {
        let mut addresses: Vec<_> = data.ip_networks().iter().map(|network| network.addr).collect();
        let is_loopback = !addresses.is_empty() && addresses.iter().all(std::net::IpAddr::is_loopback);
        let name = name.to_string_lossy();
        if is_loopback || name == "lo" {
            continue;
        }
        addresses.sort_unstable();
        addresses.dedup();
        interfaces.push(NetworkInfo {
            interface: name.into_owned(),
            addresses: addresses.iter().map(ToString::to_string).collect(),
            received: data.total_received(),
            transmitted: data.total_transmitted(),
        });
    }
    interfaces.sort_by(|a, b| a.interface.cmp(&b.interface));
    interfaces.truncate(INTERFACES_LIMIT);
    interfaces
}
