//! Where a target keeps its counters: a JSON call, Prometheus text, Redis `INFO`.
//!
//! In: an answer, already read. Out: a [`Scrape`] with what it tells. A counter that
//! the scenario names in several places keeps what the first of them said, so the more
//! specific place is read first (Redis counts for everybody who uses that server). What
//! is not told stays absent.

use super::{Exposition, RedisSeen, Scrape, Selector};
use serde_json::Value;

/// Counters of a management call that answers with JSON. Each is a JSON pointer
/// (RFC 6901) to a number, or to a string that is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonCounters {
    /// Path of the call.
    pub path: String,
    /// Entries in the cache.
    pub entries: Option<String>,
    /// Bytes of all entries.
    pub bytes: Option<String>,
    /// Bytes of the user with the most.
    pub largest_user_bytes: Option<String>,
    /// Hits so far.
    pub hits: Option<String>,
    /// Misses so far.
    pub misses: Option<String>,
    /// Bypasses so far.
    pub bypasses: Option<String>,
    /// The name of the store behind the cache.
    pub backend: Option<String>,
}

impl JsonCounters {
    /// Takes over what the answer says.
    pub fn fill(&self, scrape: &mut Scrape, answer: &Value) {
        let at = |pointer: &Option<String>| pointer.as_deref().and_then(|pointer| number(answer, pointer));
        keep(&mut scrape.entries, at(&self.entries));
        keep(&mut scrape.bytes, at(&self.bytes));
        keep(&mut scrape.largest_user_bytes, at(&self.largest_user_bytes));
        keep(&mut scrape.hits, at(&self.hits));
        keep(&mut scrape.misses, at(&self.misses));
        keep(&mut scrape.bypasses, at(&self.bypasses));
    }

    /// The name of the store behind the cache, where the answer has it.
    pub fn backend(&self, answer: &Value) -> Option<String> {
        Some(answer.pointer(self.backend.as_deref()?)?.as_str()?.to_owned())
    }
}

/// <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>
const RESIDENT: &str = "process_resident_memory_bytes";

/// Counters in Prometheus text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PrometheusCounters {
    /// Path of the text.
    pub path: String,
    /// Database queries for reports so far.
    pub queries: Option<Selector>,
    /// A histogram or summary of store operations in seconds, with a label `op`: its
    /// name without `_count` and `_sum`.
    pub store_operations: Option<String>,
    /// Hits so far.
    pub hits: Option<Selector>,
    /// Misses so far.
    pub misses: Option<Selector>,
    /// Bypasses so far.
    pub bypasses: Option<Selector>,
    /// Entries in the cache.
    pub entries: Option<Selector>,
    /// Bytes of all entries.
    pub bytes: Option<Selector>,
}

impl PrometheusCounters {
    /// Takes over what the text says.
    pub fn fill(&self, scrape: &mut Scrape, exposition: &Exposition) {
        let sum =
            |selector: &Option<Selector>| selector.as_ref().and_then(|selector| exposition.sum(selector));
        keep(&mut scrape.queries, sum(&self.queries));
        keep(&mut scrape.hits, sum(&self.hits));
        keep(&mut scrape.misses, sum(&self.misses));
        keep(&mut scrape.bypasses, sum(&self.bypasses));
        keep(&mut scrape.entries, sum(&self.entries));
        keep(&mut scrape.bytes, sum(&self.bytes));
        // The name that the client libraries of Prometheus give it on every platform.
        keep(&mut scrape.resident_bytes, exposition.sum(&Selector::plain(RESIDENT)));
        if let Some(name) = &self.store_operations {
            scrape.read_store_operations(exposition, name);
        }
    }
}

/// Counters of a Redis, from the text of its `INFO`. Its hits and misses are lookups of
/// keys by every client of that server: they are compared with nothing but themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RedisCounters {
    /// Number of the database whose keys are the entries.
    pub database: i64,
}

impl RedisCounters {
    /// Takes over what `INFO` says.
    /// <https://redis.io/docs/latest/commands/info/>
    pub fn fill(&self, scrape: &mut Scrape, info: &str) {
        let field =
            |name: &str| info.lines().find_map(|line| line.trim_end().strip_prefix(name)?.strip_prefix(':'));
        let count = |name: &str| field(name).and_then(finite);
        let (hits, misses) = (count("keyspace_hits"), count("keyspace_misses"));
        scrape.redis = hits.zip(misses).map(|(hits, misses)| RedisSeen { hits, misses });
        scrape.counted_by_redis = scrape.hits.is_none() && hits.is_some();
        keep(&mut scrape.hits, hits);
        keep(&mut scrape.misses, misses);
        keep(&mut scrape.bytes, count("used_memory"));
        let keys = match field(&format!("db{}", self.database)) {
            Some(fields) => fields.split(',').find_map(|field| field.strip_prefix("keys=").and_then(finite)),
            // Redis leaves an empty database out of this section: none is 0 here.
            None => info.lines().any(|line| line.trim_end() == "# Keyspace").then_some(0.0),
        };
        keep(&mut scrape.entries, keys);
    }
}

/// What was told first stays.
fn keep(slot: &mut Option<f64>, told: Option<f64>) {
    if slot.is_none() {
        *slot = told;
    }
}

fn number(answer: &Value, pointer: &str) -> Option<f64> {
    let value = answer.pointer(pointer)?;
    value.as_f64().or_else(|| finite(value.as_str()?))
}

fn finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pointer(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn selector(text: &str) -> Option<Selector> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn pointers_find_the_numbers_of_a_management_call() {
        let counters = JsonCounters {
            path: "/stats/".into(),
            entries: pointer("/cache/entries"),
            bytes: pointer("/cache/bytes"),
            largest_user_bytes: pointer("/users/0/bytes"),
            hits: pointer("/hit"),
            misses: pointer("/nothing/here"),
            bypasses: None,
            backend: pointer("/backend"),
        };
        let answer = json!({"cache": {"entries": 3, "bytes": "4096"}, "users": [{"bytes": 12.5}], "hit": "many", "bypass": 9, "backend": "redis"});
        let mut scrape = Scrape::default();
        counters.fill(&mut scrape, &answer);
        assert_eq!(scrape.entries, Some(3.0));
        assert_eq!(scrape.bytes, Some(4096.0), "a number in quotes is one");
        assert_eq!(scrape.largest_user_bytes, Some(12.5));
        assert_eq!(scrape.hits, None, "a word is no number");
        assert_eq!(scrape.misses, None);
        assert_eq!(scrape.bypasses, None, "what is not asked for is not taken");
        assert_eq!(counters.backend(&answer).as_deref(), Some("redis"));
        assert_eq!(JsonCounters::default().backend(&answer), None);
    }

    #[test]
    fn selectors_find_the_series_of_a_prometheus_text() {
        let text = Exposition::parse(
            "q{purpose=\"report\"} 12\nq{purpose=\"auth\"} 3\nout{r=\"hit\"} 7\nout{r=\"miss\"} 2\nout{r=\"bypass\"} 1\n\
             entries{shard=\"a\"} 4\nentries{shard=\"b\"} 5\nbytes 900\n\
             process_resident_memory_bytes 3.5e7\n\
             op_seconds_count{op=\"get\"} 10\nop_seconds_sum{op=\"get\"} 0.5\nop_seconds_count{op=\"set\"} 1\n",
        );
        let counters = PrometheusCounters {
            path: "/metrics".into(),
            queries: selector("q{purpose=\"report\"}"),
            store_operations: Some("op_seconds".into()),
            hits: selector("out{r=\"hit\"}"),
            misses: selector("out{r=\"miss\"}"),
            bypasses: selector("out{r=\"other\"}"),
            entries: selector("entries"),
            bytes: selector("bytes"),
        };
        let mut scrape = Scrape::default();
        counters.fill(&mut scrape, &text);
        assert_eq!((scrape.queries, scrape.hits, scrape.misses), (Some(12.0), Some(7.0), Some(2.0)));
        assert_eq!(scrape.bypasses, None, "an absent series is not zero");
        assert_eq!((scrape.entries, scrape.bytes), (Some(9.0), Some(900.0)));
        assert_eq!(scrape.resident_bytes, Some(35_000_000.0));
        let get = scrape.store_operations["get"];
        assert_eq!((get.count, get.seconds), (10.0, 0.5));
        assert!(!scrape.store_operations.contains_key("set"), "a count without a sum is no mean");
    }

    const INFO: &str = "# Memory\r\nused_memory:1048576\r\nused_memory_human:1.00M\r\n\r\n# Stats\r\nkeyspace_hits:90\r\nkeyspace_misses:10\r\n\r\n# Keyspace\r\ndb0:keys=42,expires=40,avg_ttl=1000\r\ndb10:keys=7,expires=0,avg_ttl=0\r\n";

    #[test]
    fn redis_info_tells_lookups_memory_and_keys() {
        let of = |database, info: &str| {
            let mut scrape = Scrape::default();
            RedisCounters { database }.fill(&mut scrape, info);
            (scrape.hits, scrape.misses, scrape.bytes, scrape.entries)
        };
        let told = (Some(90.0), Some(10.0), Some(1_048_576.0));
        let with = |entries| (told.0, told.1, told.2, entries);
        let cases = [
            (0, INFO, with(Some(42.0))),
            (10, INFO, with(Some(7.0))),
            (1, INFO, with(Some(0.0))),
            (0, "keyspace_hits:5", (Some(5.0), None, None, None)),
            (0, "keyspace_hits:x\nused_memory_rss:3", (None, None, None, None)),
            (0, "", (None, None, None, None)),
        ];
        for (database, info, expected) in cases {
            assert_eq!(of(database, info), expected, "db {database} of {info:?}");
        }
    }

    #[test]
    fn the_first_place_that_tells_a_counter_is_believed() {
        let mut scrape = Scrape { hits: Some(3.0), ..Scrape::default() };
        RedisCounters::default().fill(&mut scrape, INFO);
        assert_eq!((scrape.hits, scrape.misses), (Some(3.0), Some(10.0)));
    }
}
