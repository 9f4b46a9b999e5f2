//! Memory that was freed, given back to the operating system.

/// Gives back what the allocator keeps for later use. For quiet moments: it walks the heap, and whoever allocates
/// next pays for the pages again.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "malloc_trim(3) takes no pointer and may be called from any thread at any time"
)]
pub fn give_back() {
    // SAFETY: see the reason above.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators give back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn give_back() {}

/// One heap for all threads, where few threads work: [`give_back`] cannot give back the free end of any but the first.
/// To be called before other threads start.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "mallopt(3) takes no pointer; before other threads start nobody else allocates"
)]
pub fn share_heap() {
    // SAFETY: see the reason above.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

/// Other allocators know best.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub const fn share_heap() {}

/// For a program that will have little to do for a while: [`give_back`], and the pages of the program itself are let go
/// too. They stay in the file cache, and those that are needed come back from there one by one.
pub fn rest() {
    give_back();
    let_program_go();
}

#[cfg(target_os = "linux")]
use linux::let_program_go;

/// Elsewhere the operating system decides.
#[cfg(not(target_os = "linux"))]
const fn let_program_go() {}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::File;
    use std::io::Read;
    use std::ops::Range;

    /// A program with ten thousand mappings has more to say; then nothing is let go.
    const MAPPINGS_LIMIT: u64 = 8 << 20;

    pub(super) fn let_program_go() {
        let mut text = String::new();
        let read = File::open("/proc/self/smaps").and_then(|file| file.take(MAPPINGS_LIMIT).read_to_string(&mut text));
        if read.is_ok() {
            unwritten(&text).for_each(let_go);
        }
    }

    #[expect(
        unsafe_code,
        reason = "the pages hold what their file holds and come back from it when they are touched"
    )]
    fn let_go(addresses: Range<usize>) {
        let start = std::ptr::with_exposed_provenance_mut(addresses.start);
        // SAFETY: see the reason above: the mapping stays, is not writable, and has no page that differs from the file.
        unsafe { libc::madvise(start, addresses.len(), libc::MADV_DONTNEED) };
    }

    /// A mapping's first line in smaps: `5591e000-55a8d000 r-xp 00923000 fe:00 1001 /usr/bin/watchpost`.
    struct Mapping {
        addresses: Range<usize>,
        /// It is a file's, not shared, and cannot be written to.
        read_only_file: bool,
    }

    /// Mappings of files that cannot be written to and have no page of their own (proc_pid_smaps(5): those would count as
    /// anonymous, such as what the loader or a debugger has changed).
    fn unwritten(smaps: &str) -> impl Iterator<Item = Range<usize>> {
        let mut mapping = None;
        smaps.lines().filter_map(move |line| {
            if let Some(found) = read_mapping(line) {
                mapping = Some(found);
                return None;
            }
            let anonymous = line.strip_prefix("Anonymous:")?.trim();
            let mapping = mapping.take()?;
            (mapping.read_only_file && anonymous == "0 kB").then_some(mapping.addresses)
        })
    }

    fn read_mapping(line: &str) -> Option<Mapping> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |text| usize::from_str_radix(text, 16).ok();
        let addresses = address(start)?..address(end)?;
        let private = matches!(words.next()?, "r-xp" | "r--p");
        let of_file = words.nth(3).is_some_and(|path| path.starts_with('/'));
        Some(Mapping {
            addresses,
            read_only_file: private && of_file,
        })
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn only_what_the_file_still_holds_is_let_go() {
            let mapping = |first: &str, anonymous: u32| {
                format!("{first}\nSize: 8 kB\nRss: 4 kB\nAnonymous:             {anonymous} kB\nVmFlags: rd ex mr\n")
            };
            let smaps = [
                mapping("1000-2000 r--p 00000000 fe:00 7     /usr/bin/watchpost", 0),
                mapping("2000-4000 r-xp 00001000 fe:00 7     /usr/bin/watchpost", 0),
                mapping("4000-5000 r--p 00003000 fe:00 7     /usr/bin/watchpost", 4),
                mapping("5000-6000 rw-p 00004000 fe:00 7     /usr/bin/watchpost", 0),
                mapping("6000-7000 r--s 00000000 fe:00 9     /var/cache/shared", 0),
                mapping("7000-8000 rw-p 00000000 00:00 0     [heap]", 0),
                mapping("8000-9000 r-xp 00000000 00:00 0     [vdso]", 0),
                mapping("9000-a000 r--p 00000000 00:00 0", 0),
                mapping(
                    "7fb88d1ca000-7fb88d320000 r-xp 00026000 fe:00 3 /usr/lib/a name/libc.so.6",
                    0,
                ),
            ]
            .concat();
            let found: Vec<Range<usize>> = unwritten(&smaps).collect();
            assert_eq!(
                found,
                [0x1000..0x2000, 0x2000..0x4000, 0x7fb8_8d1c_a000..0x7fb8_8d32_0000]
            );
            assert_eq!(unwritten("Anonymous: 0 kB\nx-y\n-\n\n").count(), 0);
        }

        #[test]
        fn the_program_goes_on_after_a_rest() {
            let before: Vec<usize> = (0..100_000).collect();
            for _ in 0..3 {
                super::super::rest();
            }
            let mut text = String::new();
            let own = File::open("/proc/self/smaps").and_then(|mut file| file.read_to_string(&mut text));
            assert!(own.is_ok_and(|_| unwritten(&text).count() > 0));
            assert_eq!(before.iter().sum::<usize>(), 4_999_950_000);
        }
    }
}
