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
