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

/// What is larger has pages of its own, which go as soon as it is freed. Left alone, the allocator would keep ever larger
/// pieces in its heaps, where small ones settle between them.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE_BYTES: i32 = 1 << 20;

/// So many heaps for all threads, where few threads work at a time: every further one keeps memory that the others
/// cannot use, and [`give_back`] cannot give back the free end of any but the first. Also fixes from which size on a piece has
/// pages of its own (1 MiB). To be called before other threads start.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(
    unsafe_code,
    reason = "mallopt(3) takes no pointer; before other threads start nobody else allocates"
)]
pub fn share_heaps(count: u8) {
    // SAFETY: see the reason above.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, count.into());
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES);
    };
}

/// Other allocators know best.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub const fn share_heaps(_count: u8) {}
