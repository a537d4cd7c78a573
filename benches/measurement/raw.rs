//! The control: a client of nothing but sockets and threads, which times itself, at work
//! beside the client under test. What it is off by, the machine is off by at that time.

use super::Outcome;
use super::known::{CONTROL, quantiles, wait_until};
use hdrhistogram::Histogram;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Evenly spaced arrivals, dealt to as many connections; prints microseconds from each
/// intended start at the quantiles that are compared.
pub(crate) fn attack(address: &str, rate: u32, seconds: u32, connections: u32) -> Outcome<()> {
    let gap = Duration::from_secs(1) / rate;
    let mut all = Histogram::<u64>::new(4)?;
    // One after the other: a crowd at once would overflow the server's queue.
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let began = Instant::now() + Duration::from_millis(100);
    let one = |first: u32, mut stream: TcpStream| -> std::io::Result<Vec<u64>> {
        let mut took = Vec::new();
        let mut buffer = [0; 4_096];
        for arrival in (first..rate * seconds).step_by(connections as usize) {
            let due = began + gap * arrival;
            wait_until(due);
            write!(stream, "GET {CONTROL} HTTP/1.1\r\nHost: {address}\r\n\r\n")?;
            let mut read = 0;
            // The body is the last part of the answer.
            while !buffer[..read].ends_with(b"}") {
                match stream.read(&mut buffer[read..])? {
                    0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                    some => read += some,
                }
            }
            took.push(due.elapsed().as_micros() as u64);
        }
        Ok(took)
    };
    std::thread::scope(|scope| -> Outcome<()> {
        let started: Vec<_> =
            (0..).zip(streams).map(|(first, stream)| scope.spawn(move || one(first, stream))).collect();
        for thread in started {
            for took in thread.join().map_err(|_| "a thread panicked")?? {
                all.record(took)?;
            }
        }
        Ok(())
    })?;
    println!("{}", quantiles(&all));
    Ok(())
}
