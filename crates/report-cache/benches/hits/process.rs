//! Processes on a CPU of their own, and what they cost.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;

/// A server with all its children; ends with this value.
pub(crate) struct Process {
    child: Child,
    /// `127.0.0.1:port`.
    pub(crate) address: String,
}

impl Process {
    /// This program again, as one of its own servers.
    pub(crate) fn own(arguments: &[&str]) -> Outcome<Self> {
        let this = std::env::current_exe()?;
        let mut child = pinned(0, &this).arg("serve").args(arguments).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let address = line.trim().to_owned();
        if address.is_empty() {
            return Err(format!("the server {arguments:?} did not start").into());
        }
        Ok(Self { child, address })
    }

    /// Another's server on a free port; `None` where it is not installed.
    pub(crate) fn other(
        program: &str,
        arguments: impl Fn(u16) -> Outcome<Vec<String>>,
    ) -> Outcome<Option<Self>> {
        let Some(program) = installed(program) else { return Ok(None) };
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = pinned(0, Path::new(&program));
        let child = command.args(arguments(port)?).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let server = Self { child, address: format!("127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(&server.address).is_err() {
            if Instant::now() > deadline {
                return Err(format!("{program} did not listen within 30 s").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(server))
    }

    /// CPU seconds, user and system, of it and its children so far (`proc_pid_stat(5)`, 14 and 15).
    pub(crate) fn cpu(&self) -> Outcome<f64> {
        let mut ticks = 0;
        for entry in std::fs::read_dir("/proc")? {
            // A process that ends meanwhile is none of ours.
            let Ok(stat) = std::fs::read_to_string(entry?.path().join("stat")) else { continue };
            let Some((head, fields)) = stat.rsplit_once(')') else { continue };
            let fields: Vec<&str> = fields.split_whitespace().collect();
            let pid = head.split(' ').next().and_then(|pid| pid.parse().ok());
            if pid == Some(self.child.id()) || fields[1].parse() == Ok(self.child.id()) {
                ticks += fields[11].parse::<u64>()? + fields[12].parse::<u64>()?;
            }
        }
        // USER_HZ is 100 on every Linux that Rust supports.
        #[expect(clippy::cast_precision_loss, reason = "ticks of minutes")]
        let seconds = ticks as f64 / 100.0;
        Ok(seconds)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Asked first, so that it ends its children; forced where it does not.
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        let deadline = Instant::now() + Duration::from_secs(5);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where Debian has servers: not in everybody's PATH.
fn installed(program: &str) -> Option<String> {
    let sbin = format!("/usr/sbin/{program}");
    if Path::new(&sbin).exists() {
        return Some(sbin);
    }
    let found = Command::new("which").arg(program).stdout(Stdio::null()).status();
    found.is_ok_and(|status| status.success()).then(|| program.to_owned())
}

fn pinned(cpu: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &cpu.to_string()]).arg(program);
    command
}

/// One GET; the head and the body of the answer.
pub(crate) fn get(address: &str, path: &str, authorization: &str) -> Outcome<(String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {authorization}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("not an HTTP answer")?;
    Ok((head.to_owned(), body.to_owned()))
}

/// wrk on the second CPU for `secs` seconds; how many requests it made.
pub(crate) fn wrk(address: &str, path: &str, authorization: &str, secs: u32) -> Outcome<u64> {
    let output = pinned(1, Path::new("wrk"))
        .args(["-t1", "-c32", &format!("-d{secs}s"), "-H", &format!("Authorization: {authorization}")])
        .arg(format!("http://{address}{path}"))
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    if said.contains("Non-2xx") || !output.status.success() {
        return Err(format!("wrk: {said}{}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let made = said.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok());
    made.ok_or_else(|| "wrk did not say how many requests it made; is it installed?".into())
}
