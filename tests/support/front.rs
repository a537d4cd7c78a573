//! Caches that stand in front of a service: how their processes begin and end.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::http;

/// What such a cache answers by itself, so that it is known to be there.
pub(crate) const READY: &str = "/-/ready";

/// A process in front of a service, gone when dropped.
pub(crate) struct Front {
    child: Child,
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
}

impl Front {
    /// Starts it by a command that is made for a port, and returns once it answers. What
    /// it says goes to a file in a folder of its own, and is shown where it does not start.
    #[track_caller]
    pub(crate) fn start(name: &str, dir: &Path, command: impl Fn(u16) -> Command) -> Self {
        let log = dir.join("said");
        // The port is free once the listener is dropped, and might be taken before the
        // cache has it: the next one is tried then.
        for _ in 0..5 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let mut command = command(port);
            let said = std::fs::File::create(&log).unwrap();
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
            let child = command.spawn().unwrap_or_else(|error| panic!("these tests need {name}: {error}"));
            let mut front = Self { child, url: format!("http://127.0.0.1:{port}") };
            // Varnish compiles its configuration with a C compiler first.
            let deadline = Instant::now() + Duration::from_secs(30);
            while Instant::now() < deadline && front.child.try_wait().unwrap().is_none() {
                if http::get(&format!("{}{READY}", front.url)).is_some() {
                    return front;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let said = std::fs::read_to_string(&log).unwrap();
        panic!("{name} did not answer on any of five free ports: {said}");
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        // Asked first, so that it ends what it started; forced where it does not.
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-TERM", &pid]).status();
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where Debian has a server: not in everybody's PATH.
pub(crate) fn server(name: &str) -> Command {
    let path = Path::new("/usr/sbin").join(name);
    if path.exists() { Command::new(path) } else { Command::new(name) }
}
