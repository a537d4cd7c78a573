//! What a process has of this machine's memory.

/// Bytes of resident memory of a process: the line `VmRSS` of `/proc/<pid>/status`, proc(5).
/// `None` on systems without it, and when the process is gone.
pub fn resident_bytes(pid: u32) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    resident_in(&text)
}

fn resident_in(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_memory_stands_in_kib_in_the_status() {
        let status = "Name:\tcacheproof\nVmHWM:\t   90000 kB\nVmRSS:\t   35212 kB\nThreads:\t4\n";
        assert_eq!(resident_in(status), Some(36_057_088.0));
        assert_eq!(resident_in("Name:\tkthreadd\n"), None, "a kernel thread has none");
        assert_eq!(resident_in("VmRSS:\t many kB\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_has_some() {
        assert!(resident_bytes(std::process::id()).is_some_and(|bytes| bytes > 1e6));
        assert_eq!(resident_bytes(u32::MAX), None);
    }
}
