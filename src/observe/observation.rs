//! One response, as flat as possible: it crosses every boundary.

use super::Source;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What happened to one request. Times are microseconds since the run began.
#[derive(Clone, Debug)]
pub struct Observation {
    /// Index of the person in the cast.
    pub person: u32,
    /// Index of the role.
    pub role: u16,
    /// Index of the action.
    pub action: u16,
    /// Index of the phase in which the request was due.
    pub phase: u16,
    /// When the person meant to send it.
    pub due_us: u64,
    /// When it was sent.
    pub started_us: u64,
    /// When the headers of the answer were there.
    pub first_byte_us: Option<u64>,
    /// When the last byte of the body was there.
    pub finished_us: u64,
    /// HTTP status, where an answer came.
    pub status: Option<u16>,
    /// What the response claims about its source.
    pub claimed: Source,
    /// What we believe.
    pub source: Source,
    /// Whether it was a 304.
    pub validated: bool,
    /// Fingerprint of the request: same person, same URL.
    pub request: u64,
    /// Fingerprint of the body that the person sees: after a 304, and for a fresh copy,
    /// the one the browser has kept.
    pub digest: Option<u64>,
    /// Bytes of the body that were received: none for a 304 or a fresh copy.
    pub bytes: u64,
    /// Whether it came over a connection that was open before.
    pub reused: bool,
    /// What went wrong, if anything did.
    pub fault: Option<Fault>,
}

impl Observation {
    /// From sending to the last byte, in microseconds.
    pub fn latency_us(&self) -> u64 {
        self.finished_us.saturating_sub(self.started_us)
    }
}

/// Ways in which a request yields no usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// No connection.
    Connect,
    /// No answer in time.
    Timeout,
    /// The connection broke, or what came was not HTTP.
    Broken,
    /// An answer with a status that the action does not expect.
    Status,
    /// An answer whose body is not what the action expects.
    Content,
    /// Given up because the run was ended.
    Abandoned,
}

impl Fault {
    /// The name in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::Status => "status",
            Self::Content => "content",
            Self::Abandoned => "abandoned",
        }
    }
}
