//! A Redis server for one test. Where Redis is missing the test fails: it does not skip.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use redis::FromRedisValue;
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

pub(crate) struct RedisServer {
    port: u16,
    child: Option<Child>,
    arguments: Vec<String>,
    dir: TempDir,
}

impl RedisServer {
    /// Starts a server on a free port, and returns once it listens.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        // The port is free once the listener is dropped, and might be taken before Redis has it: the
        // next one is tried then.
        for _ in 0..5 {
            // The bus of a cluster listens 10,000 above.
            let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let port = std::iter::repeat_with(free).find(|port| *port < 55_000).unwrap();
            let arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
            let mut server = Self { port, child: None, arguments, dir: tempfile::tempdir().unwrap() };
            if server.run() {
                return server;
            }
        }
        panic!("redis-server did not listen on any of five free ports");
    }

    /// One node that has all slots of a cluster.
    pub(crate) async fn start_cluster() -> Self {
        let server = Self::start_with(&["--cluster-enabled", "yes"]);
        server.ask::<()>("CLUSTER ADDSLOTSRANGE 0 16383").await;
        let deadline = Instant::now() + Duration::from_secs(10);
        while !server.ask::<String>("CLUSTER INFO").await.contains("cluster_state:ok") {
            assert!(Instant::now() < deadline, "the cluster did not form within 10 s");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) async fn connection(&self) -> MultiplexedConnection {
        redis::Client::open(self.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
    }

    /// Sends one command, words separated by spaces.
    pub(crate) async fn ask<T: FromRedisValue>(&self, line: &str) -> T {
        words(line).query_async(&mut self.connection().await).await.unwrap()
    }

    /// Calls of each command so far, by its name in lower case.
    pub(crate) async fn calls(&self) -> std::collections::BTreeMap<String, u64> {
        let stats: String = self.ask("INFO commandstats").await;
        let line = |line: &str| {
            let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
            Some((name.to_owned(), rest.split(',').next()?.parse().unwrap()))
        };
        stats.lines().filter_map(line).collect()
    }

    /// Ends the server as a crash does: it saves nothing.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Starts it again on the same port: empty, or with what it had saved when it was asked to.
    pub(crate) fn restart(&mut self) {
        self.stop();
        assert!(self.run(), "redis-server did not come back on port {}", self.port);
    }

    /// Starts the process; whether it came to listen.
    fn run(&mut self) -> bool {
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"]);
        command.args(["--save", "", "--appendonly", "no", "--dir"]).arg(self.dir.path());
        command.args(&self.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("these tests need redis-server in the PATH");
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                self.child = Some(child);
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        false
    }
}

/// A command of words separated by spaces.
pub(crate) fn words(line: &str) -> redis::Cmd {
    let mut words = line.split(' ');
    let mut command = redis::cmd(words.next().unwrap());
    words.for_each(|word| {
        command.arg(word);
    });
    command
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}
