//! The most memory that this process has used.

use std::fs;

/// Begins to measure again, where the system can.
pub(super) fn reset() {
    // Linux: 5 resets the peak. Elsewhere, and where it is forbidden, the peak is that of the whole
    // process so far.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The peak in bytes; none where the system does not tell.
pub(super) fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}
