//! A server whose latencies are known: it waits as its kind says, precisely, and keeps what
//! each request really waited.
//!
//! A thread a connection; sleeps as long as the system's timer is good for and spins through
//! the rest, where a runtime's timer has steps of a millisecond.

use super::Outcome;
use super::pinned::pinned;
use hdrhistogram::Histogram;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, StandardNormal};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What the client under test asks for.
pub(crate) const PATH: &str = "/report";
/// What the control beside it asks for, counted apart.
pub(crate) const CONTROL: &str = "/control";
/// The last part of a wait is not slept: the system wakes sleepers up to so late.
const SPIN: Duration = Duration::from_micros(150);
/// A stalling server stalls at the end of each such period …
pub(crate) const PERIOD: Duration = Duration::from_secs(10);
/// … for so long.
pub(crate) const STALL: Duration = Duration::from_secs(1);

/// How long a server waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Not at all: what is measured then is the machine.
    Nothing,
    /// 20 ms.
    Constant,
    /// 10 ms, or 80 ms for one in twenty.
    Bimodal,
    /// Lognormal, median 10 ms, deviation 1 of its logarithm: 102 ms at p99, 220 ms at p99.9.
    HeavyTail,
    /// 20 ms, but for one second in ten it answers nobody.
    Stalls,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Nothing, Self::Constant, Self::Bimodal, Self::HeavyTail, Self::Stalls];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Constant => "constant",
            Self::Bimodal => "bimodal",
            Self::HeavyTail => "heavy-tail",
            Self::Stalls => "stalls",
        }
    }

    /// How long a request waits that comes so long after the beginning.
    fn wait(self, since: Duration, rng: &mut ChaCha8Rng) -> Duration {
        match self {
            Self::Nothing => Duration::ZERO,
            Self::Constant => Duration::from_millis(20),
            Self::Bimodal => Duration::from_millis(if rng.random_bool(0.05) { 80 } else { 10 }),
            Self::HeavyTail => {
                let deviation: f64 = StandardNormal.sample(rng);
                Duration::from_secs_f64(0.010 * deviation.exp())
            }
            Self::Stalls => {
                let into = Duration::from_nanos((since.as_nanos() % PERIOD.as_nanos()) as u64);
                let stalled = into.checked_sub(PERIOD - STALL).map(|into| STALL - into);
                stalled.unwrap_or_default() + Duration::from_millis(20)
            }
        }
    }
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Cache: HIT\r\n\
    Content-Length: 11\r\n\r\n{\"ok\":true}";

struct Shared {
    kind: Kind,
    began: Instant,
    /// Of the client under test, and of the control.
    waited: [Mutex<Histogram<u64>>; 2],
}

/// Serves until its process is ended.
pub(crate) fn serve(kind: &str) -> Outcome<()> {
    let kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind).ok_or("no such kind of server")?;
    let waited = [Mutex::new(Histogram::new(4)?), Mutex::new(Histogram::new(4)?)];
    let shared = Arc::new(Shared { kind, began: Instant::now(), waited });
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    for (seed, stream) in (0..).zip(listener.incoming()) {
        let (shared, stream) = (Arc::clone(&shared), stream?);
        let answer = move || {
            // A client that goes away is no fault of ours.
            let _ = answer(&shared, stream, ChaCha8Rng::seed_from_u64(seed));
        };
        std::thread::Builder::new().stack_size(256 << 10).spawn(answer)?;
    }
    Ok(())
}

/// Answers the requests of a connection, one after the other.
fn answer(shared: &Shared, mut stream: TcpStream, mut rng: ChaCha8Rng) -> Outcome<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let came = Instant::now();
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
        }
        let path = first.split_whitespace().nth(1).unwrap_or_default();
        let asked = [PATH, CONTROL].iter().position(|known| *known == path);
        if let Some(asked) = asked {
            wait_until(came + shared.kind.wait(came - shared.began, &mut rng));
            let took = came.elapsed().as_micros() as u64;
            shared.waited[asked].lock().map_err(|_| "another thread panicked")?.record(took)?;
            stream.write_all(ANSWER)?;
        } else if path == "/truth" {
            let of = |at: usize| shared.waited[at].lock().map(|waited| quantiles(&waited));
            let [client, control] = [of(0), of(1)].map(|told| told.unwrap_or_default());
            let body = format!("{client}\n{control}");
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())?;
        } else {
            stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")?;
        }
    }
}

/// Precisely until then.
pub(crate) fn wait_until(moment: Instant) {
    let left = moment.saturating_duration_since(Instant::now());
    if left > SPIN {
        std::thread::sleep(left - SPIN);
    }
    while Instant::now() < moment {
        std::hint::spin_loop();
    }
}

/// Which quantiles are compared.
pub(crate) const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

/// Microseconds at [`QUANTILES`], in a line.
pub(crate) fn quantiles(histogram: &Histogram<u64>) -> String {
    QUANTILES.map(|q| histogram.value_at_quantile(q).to_string()).join(" ")
}

/// Reads such a line.
pub(crate) fn parse(line: &str) -> Outcome<[f64; 4]> {
    let values: Vec<f64> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    Ok(values.try_into().map_err(|_| format!("no four quantiles: {line}"))?)
}

/// Such a server in a process of its own, on the first CPU: it ends with this value.
pub(crate) struct Server {
    child: Child,
    /// `host:port`.
    pub(crate) address: String,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Outcome<Self> {
        let this = std::env::current_exe()?.into_os_string().into_string().map_err(|_| "not Unicode")?;
        let mut child =
            pinned(0, &this, &["serve".into(), kind.as_str().into()]).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().into() })
    }

    /// `http://host:port`.
    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What its requests really waited, those of the client and those of the control:
    /// microseconds at [`QUANTILES`].
    pub(crate) fn truth(&self) -> Outcome<[[f64; 4]; 2]> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.write_all(b"GET /truth HTTP/1.1\r\nHost: here\r\n\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line)?;
            if let Some(text) = line.strip_prefix("Content-Length: ") {
                length = text.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let body = String::from_utf8(body)?;
        let (client, control) = body.split_once('\n').ok_or("no two lines of truth")?;
        Ok([parse(client)?, parse(control)?])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
