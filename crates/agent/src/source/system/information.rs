//! The object of `scan --json`: names, shape and units are a contract.

use serde::{Deserialize, Serialize};
use watchpost_event::Timestamp;

use super::sampler::{Sample, Sampler};

/// File systems told at most.
pub(super) const DISKS_LIMIT: usize = 256;
/// Network interfaces told at most: a host of many containers has thousands.
pub(super) const INTERFACES_LIMIT: usize = 256;

/// What a host is and how it fares at a moment. Sizes are in bytes, usages in percent (0 to 100).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SystemInformation {
    /// The host's name.
    pub hostname: String,
    /// The operating system with its version, such as `Debian GNU/Linux 12`.
    pub os: String,
    /// The kernel's version, such as `6.1.0-18-amd64`.
    pub kernel: String,
    /// The processor's architecture, such as `x86_64`.
    pub architecture: String,
    /// The processor.
    pub cpu_info: CpuInfo,
    /// Main memory.
    pub memory_info: MemoryInfo,
    /// File systems on this machine, by mount point: neither network nor pseudo file systems.
    pub disks: Vec<DiskInfo>,
    /// Network interfaces, by name, without loopback.
    pub network: Vec<NetworkInfo>,
    /// Mean number of processes that run or want to, over 1, 5 and 15 minutes (uptime(1)).
    pub load_average: [f64; 3],
    /// Seconds since the host was started.
    pub uptime: u64,
    /// When this was measured; RFC 3339.
    pub timestamp: Timestamp,
}

/// The processor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CpuInfo {
    /// Logical cores.
    pub cores: usize,
    /// As the processor calls itself; empty where it does not.
    pub model_name: String,
    /// Of all cores together, in percent.
    pub usage_percent: f64,
}

/// Main memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemoryInfo {
    /// In bytes.
    pub total: u64,
    /// What programs can have without swapping, in bytes: free memory and caches.
    pub available: u64,
    /// `total` without `available`, in bytes.
    pub used: u64,
    /// `used` of `total`, in percent.
    pub usage_percent: f64,
}

/// A file system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiskInfo {
    /// Where it is mounted.
    pub mount_point: String,
    /// Its type, such as `ext4`.
    pub file_system: String,
    /// In bytes.
    pub total: u64,
    /// To ordinary users, in bytes.
    pub available: u64,
    /// In percent, as df(1) counts: what is kept for root is neither used nor available.
    pub usage_percent: f64,
}

/// A network interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkInfo {
    /// Its name, such as `eth0`.
    pub interface: String,
    /// IPv4 and IPv6, in order.
    pub addresses: Vec<String>,
    /// Bytes since it came up.
    pub received: u64,
    /// Bytes since it came up.
    pub transmitted: u64,
}

/// Looks at this host, which takes about 200 ms: so long the CPU's usage is measured.
pub fn gather(host: &str, now: Timestamp) -> SystemInformation {
    let mut sampler = Sampler::new();
    sampler.refresh();
    std::thread::sleep(sysinfo::MINIMUM_CPU_UPDATE_INTERVAL);
    sampler.refresh();
    SystemInformation::of(host, &sampler.sample(), now)
}

impl SystemInformation {
    pub(super) fn of(host: &str, sample: &Sample, now: Timestamp) -> Self {
        Self {
            hostname: host.to_owned(),
            os: sample.os.clone(),
            kernel: sample.kernel.clone(),
            architecture: sample.architecture.clone(),
            cpu_info: sample.cpu.clone(),
            memory_info: sample.memory.clone(),
            disks: sample.disks.clone(),
            network: super::sampler::interfaces(),
            load_average: sample.load_average,
            uptime: sample.uptime,
            timestamp: now,
        }
    }

    /// Whether this speaks of the same machine in the same state of building: usages, counters and times aside. So are
    /// IPv6 addresses, of which privacy extensions make new ones all day, and interfaces that come and go with
    /// containers.
    pub(super) fn is_same_host(&self, other: &Self) -> bool {
        let disk = |disk: &DiskInfo| (disk.mount_point.clone(), disk.file_system.clone(), disk.total);
        let disks = |of: &Self| of.disks.iter().map(disk).collect::<Vec<_>>();
        let network = |of: &Self| {
            let lasting = of.network.iter().filter(|at| !is_of_container(&at.interface));
            let stable = |at: &NetworkInfo| {
                let addresses = at.addresses.iter().filter(|address| !address.contains(':'));
                (at.interface.clone(), addresses.cloned().collect::<Vec<_>>())
            };
            lasting.map(stable).collect::<Vec<_>>()
        };
        let plain = |of: &Self| {
            (
                [
                    &of.hostname,
                    &of.os,
                    &of.kernel,
                    &of.architecture,
                    &of.cpu_info.model_name,
                ]
                .map(Clone::clone),
                of.cpu_info.cores,
                of.memory_info.total,
            )
        };
        plain(self) == plain(other) && disks(self) == disks(other) && network(self) == network(other)
    }
}

fn is_of_container(interface: &str) -> bool {
    const PREFIXES: [&str; 6] = ["veth", "cali", "lxc", "tap", "vnet", "br-"];
    PREFIXES.iter().any(|prefix| interface.starts_with(prefix))
}

/// A part in percent, with one decimal: more would only be noise.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    one_decimal(part as f64 * 100.0 / whole as f64)
}

pub(super) fn one_decimal(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
