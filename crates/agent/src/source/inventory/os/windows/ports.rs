//! Who listens on which port (GetExtendedTcpTable, GetExtendedUdpTable).
#![expect(unsafe_code, reason = "the tables have no safe form")]

use std::collections::BTreeSet;
use std::ffi::c_void;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System, UpdateKind};
use windows::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, WIN32_ERROR};
use windows::Win32::NetworkManagement::IpHelper::{
    GetExtendedTcpTable, GetExtendedUdpTable, TCP_TABLE_OWNER_PID_LISTENER, UDP_TABLE_OWNER_PID,
};
use windows::Win32::Networking::WinSock::{AF_INET, AF_INET6};

use super::super::super::facts::is_passing;
use super::super::super::row::{Row, Rows};

/// Largest table, in bytes.
const TABLE_LIMIT: u32 = 16 << 20;
/// A table may grow between two calls: so often it is asked for.
const TRIES: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Port {
    transport: &'static str,
    address: IpAddr,
    number: u16,
    pid: u32,
}

pub(super) fn read(rows: &mut Rows) -> io::Result<()> {
    let mut ports = Vec::new();
    for family in [AF_INET.0, AF_INET6.0] {
        let family = u32::from(family);
        // SAFETY: the caller's buffer is as long as it says.
        let tcp = table(|start, bytes| unsafe {
            GetExtendedTcpTable(start, bytes, false, family, TCP_TABLE_OWNER_PID_LISTENER, 0)
        })?;
        // SAFETY: as above.
        let udp =
            table(|start, bytes| unsafe { GetExtendedUdpTable(start, bytes, false, family, UDP_TABLE_OWNER_PID, 0) })?;
        if family == u32::from(AF_INET.0) {
            // MIB_TCPROW_OWNER_PID: state, local address and port, remote address and port, process.
            ports.extend(lines(&tcp, 6).filter_map(|line| v4("tcp", *line.get(1)?, *line.get(2)?, *line.get(5)?)));
            // MIB_UDPROW_OWNER_PID: local address and port, process.
            ports.extend(lines(&udp, 3).filter_map(|line| v4("udp", *line.first()?, *line.get(1)?, *line.get(2)?)));
        } else {
            // MIB_TCP6ROW_OWNER_PID: local address, scope and port, remote address, scope and port, state, process.
            ports.extend(lines(&tcp, 14).filter_map(|line| v6("tcp", line.get(..4)?, *line.get(5)?, *line.get(13)?)));
            // MIB_UDP6ROW_OWNER_PID: local address, scope and port, process.
            ports.extend(lines(&udp, 7).filter_map(|line| v6("udp", line.get(..4)?, *line.get(5)?, *line.get(6)?)));
        }
    }
    ports.retain(|port| !is_passing(port.transport, port.number));
    // Of several processes on one port the same is told each time.
    ports.sort_unstable();
    put(&ports, rows);
    Ok(())
}

/// A table, in words of 32 bits.
fn table(ask: impl Fn(Option<*mut c_void>, *mut u32) -> u32) -> io::Result<Vec<u32>> {
    let mut words: Vec<u32> = Vec::new();
    for _ in 0..TRIES {
        let mut bytes = (words.len() * 4) as u32;
        let start = (!words.is_empty()).then(|| words.as_mut_ptr().cast::<c_void>());
        let code = WIN32_ERROR(ask(start, &raw mut bytes));
        if code != ERROR_INSUFFICIENT_BUFFER {
            code.ok()?;
            return Ok(words);
        }
        if bytes > TABLE_LIMIT {
            return Err(io::Error::other(format!("the table of ports has {bytes} bytes")));
        }
        // With room for what comes meanwhile.
        words = vec![0_u32; (bytes as usize).div_ceil(4) + 1_024];
    }
    Err(io::Error::other("the table of ports grows faster than it is read"))
}

/// Its lines: their number stands before them.
fn lines(table: &[u32], words: usize) -> impl Iterator<Item = &[u32]> {
    let (count, lines) = table.split_first().unwrap_or((&0, &[]));
    lines.chunks_exact(words).take(*count as usize)
}

/// Addresses and ports are in network order.
fn v4(transport: &'static str, address: u32, port: u32, pid: u32) -> Option<Port> {
    let address = IpAddr::V4(Ipv4Addr::from(address.to_ne_bytes()));
    port_of(transport, address, port, pid)
}

fn v6(transport: &'static str, address: &[u32], port: u32, pid: u32) -> Option<Port> {
    let bytes: Vec<u8> = address.iter().flat_map(|word| word.to_ne_bytes()).collect();
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    port_of(transport, IpAddr::V6(Ipv6Addr::from(bytes)), port, pid)
}

fn port_of(transport: &'static str, address: IpAddr, port: u32, pid: u32) -> Option<Port> {
    let number = u16::from_be(port as u16);
    (number != 0).then_some(Port {
        transport,
        address,
        number,
        pid,
    })
}

fn put(ports: &[Port], rows: &mut Rows) {
    let pids: BTreeSet<Pid> = ports.iter().map(|port| Pid::from_u32(port.pid)).collect();
    let pids: Vec<Pid> = pids.into_iter().collect();
    let mut system = System::new().ok();
    let wanted = ProcessRefreshKind::nothing().with_exe(UpdateKind::OnlyIfNotSet);
    if let Some(system) = &mut system {
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&pids), false, wanted);
    }
    for port in ports {
        let process = system
            .as_ref()
            .and_then(|system| system.process(Pid::from_u32(port.pid)));
        let name = process.map(|process| process.name().to_string_lossy().into_owned());
        let path = process.and_then(|process| process.exe());
        let path = path.map(|path| path.display().to_string()).unwrap_or_default();
        let name = name.unwrap_or_default();
        let Port { transport, address, .. } = port;
        let who = if path.is_empty() { &name } else { &path };
        let id = format!("{transport} {address} {} {who}", port.number);
        let row = Row::new()
            .with("network.transport", *transport)
            .with("network.type", if address.is_ipv4() { "ipv4" } else { "ipv6" })
            .with("server.ip", address.to_string())
            .with("server.port", port.number)
            .with("process.name", name)
            .with("process.executable", path)
            .with_aside("process.pid", port.pid);
        rows.add(id, row);
    }
}
