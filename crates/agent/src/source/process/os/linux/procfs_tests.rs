#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

const STAT: &str = "4242 (a) (b c) S 4001 4242 4242 34816 4242 4194304 133 0 0 0 0 0 0 0 20 0 3 0 8912345 \
                    2412544 231 18446744073709551615 94000000000000 94000000100000 140720000000000 0 0 0 0 0 0 0 0 0 \
                    17 1 0 0 0 0 0 94000000200000 94000000300000 94000010000000 140720000001000 140720000001020 \
                    140720000001020 140720000002000 0\n";

#[test]
fn stat_is_read_whatever_the_name_holds() {
    let stat = parse_stat(STAT.as_bytes()).unwrap();
    assert_eq!((stat.comm.as_str(), stat.state, stat.parent), ("a) (b c", b'S', 4001));
    assert_eq!((stat.threads, stat.start, stat.kernel), (3, 8_912_345, false));
    assert!(stat.print.is_some());
    let hidden = STAT.replace("94000000000000", "1").replace("140720000001000", "0");
    assert_eq!(parse_stat(hidden.as_bytes()).unwrap().print, None);
    let kernel = STAT.replace("4194304", "2129984");
    assert!(parse_stat(kernel.as_bytes()).unwrap().kernel);
    for length in 0..STAT.len() - 1 {
        if let Some(part) = parse_stat(&STAT.as_bytes()[..length]) {
            assert_eq!(part.parent, 4001);
        }
    }
    assert_eq!(parse_stat(b")("), None);
}

#[test]
fn user_ids_are_real_and_effective() {
    let status = b"Name:\tpasswd\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t1000\t1000\t1000\t1000\n";
    assert_eq!(parse_uids(status), Some((1000, 0)));
    assert_eq!(parse_uids(b"Uid:\t1000"), None);
    assert_eq!(parse_uids(b"Uid:\tx\ty"), None);
}

#[test]
fn units_and_containers_are_found_in_both_versions() {
    let id = "3f".repeat(32);
    let of = |text: &str| {
        let cgroup = parse_cgroup(text.as_bytes());
        (cgroup.unit, cgroup.container)
    };
    let unit = |name: &str| Some(name.to_owned());
    assert_eq!(of("0::/system.slice/nginx.service\n"), (unit("nginx.service"), None));
    let user = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope\n";
    assert_eq!(of(user), (unit("user@1000.service"), None));
    let first = "12:pids:/x\n1:name=systemd:/system.slice/ssh.service\n0::/\n";
    assert_eq!(of(first), (unit("ssh.service"), None));
    let docker = format!("docker-{id}.scope");
    assert_eq!(
        of(&format!("0::/system.slice/{docker}\n")),
        (unit(&docker), Some(id.clone()))
    );
    assert_eq!(
        of(&format!("4:memory:/docker/{id}\n1:name=systemd:/docker/{id}\n")),
        (None, Some(id.clone()))
    );
    let pod = format!("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope\n");
    assert_eq!(of(&pod).1, Some(id));
    assert_eq!(of("0::/\n"), (None, None));
    assert_eq!(of("garbage"), (None, None));
    assert_eq!(of("0::/system.slice/_cpu.service\n"), (unit("cpu.service"), None));
}

#[test]
fn command_lines_are_quoted_only_where_needed() {
    let line = |bytes: &[u8]| parse_command_line(bytes, true).map(|(_, line)| line);
    let plain = line(b"nmap\0-sS\0 10.0.0.0/24\0");
    assert_eq!(plain.as_deref(), Some("nmap -sS ' 10.0.0.0/24'"));
    assert_eq!(line(b"sh\0-c\0echo 'a'\0").as_deref(), Some("sh -c 'echo '\\''a'\\'''"));
    assert_eq!(line(b"echo\0\0").as_deref(), Some("echo ''"));
    assert_eq!(line(b""), None);
    assert_eq!(line(b"\xff\0").as_deref(), Some("\u{fffd}"));
    let title = b"nginx: master process\0\0\0\0";
    let (args, _) = parse_command_line(title, false).unwrap();
    assert_eq!(args, ["nginx: master process"]);
    let many = "a\0".repeat(1000);
    let (args, line) = parse_command_line(many.as_bytes(), true).unwrap();
    assert_eq!((args.len(), line.len()), (256, 1999));
}

#[test]
fn parsers_take_any_bytes() {
    let mut rng = watchpost_kit::Rng::new(2);
    for _ in 0..20_000 {
        let mut bytes = STAT.as_bytes().to_vec();
        bytes.truncate(rng.below(bytes.len() as u64) as usize + 1);
        for _ in 0..3 {
            let at = rng.below(bytes.len() as u64) as usize;
            bytes[at] = rng.next_u64() as u8;
        }
        let _ = parse_stat(&bytes);
        let _ = parse_uids(&bytes);
        let _ = parse_cgroup(&bytes);
        let _ = parse_command_line(&bytes, rng.one_in(2));
    }
}

#[test]
fn this_very_process_is_found_as_it_is() {
    let mut reader = ProcReader::new(None);
    let pid = std::process::id();
    let seen = reader.see(pid, false);
    let own: Vec<String> = std::env::args().collect();
    assert_eq!(seen.args, own);
    let exe = std::env::current_exe().unwrap();
    assert_eq!(seen.executable.as_deref(), exe.to_str());
    let found = reader.find(pid).unwrap();
    assert_eq!(found.user, Some(rustix::process::getuid().as_raw().to_string().into()));
    assert!(found.born < super::super::since_boot() && found.print.is_some());
    assert!(pids().contains(&pid));
    assert_eq!(reader.find(u32::MAX).map(|found| found.parent), None);
}
