//! The servers that are ours: an origin without a cache, and the same behind the layer.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use report_cache::{
    CacheConfig, Classify, Filters, Limits, MemoryStore, RedisStore, ReportCache, ReportFacts, ReportKey,
    ReportType, Store,
};
use sha2::Sha256;

use crate::Outcome;

/// What is asked for.
pub(crate) const PATH: &str = "/reports/42";
/// Whose.
const USER: u64 = 7;
/// The secret is of this bench alone and guards nothing.
const SECRET: &[u8] = b"a bench";

/// The `Authorization` of the one reader.
pub(crate) fn authorization() -> String {
    format!("Bearer {USER}.{}", signature(USER))
}

fn signature(user: u64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("HMAC takes keys of any length");
    mac.update(&user.to_be_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// As a real service does: verify the token, then say which report.
struct Verified(Hmac<Sha256>);

impl Classify for Verified {
    fn classify(&self, request: &Parts) -> Option<ReportFacts> {
        let (user, signed) =
            request.headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?.split_once('.')?;
        let user: u64 = user.parse().ok()?;
        let mut mac = self.0.clone();
        mac.update(&user.to_be_bytes());
        let mut tag = [0; 32];
        for (byte, digits) in tag.iter_mut().zip(signed.as_bytes().chunks(2)) {
            *byte = (nibble(digits[0])? << 4) | nibble(*digits.get(1)?)?;
        }
        mac.verify_slice(&tag).ok()?;
        let report_id = request.uri.path().strip_prefix("/reports/")?.parse().ok()?;
        Some(ReportFacts {
            key: ReportKey::new(report_id, user, &Filters::empty()),
            report_type: ReportType::Custom,
            role: "teacher",
        })
    }
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|nibble| u8::try_from(nibble).ok())
}

/// `serve plain | memory | redis URL`: prints its address, and serves until it is killed.
pub(crate) fn run(args: &[String]) -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: &[String]) -> Outcome<()> {
    let body: &'static str = format!(r#"{{"report":"{}"}}"#, "x".repeat(2_048 - 13)).leak();
    let answer = move || async move { ([(CONTENT_TYPE, "application/json")], body) };
    let routes = Router::new().route("/reports/{id}", get(answer));
    let store: Option<Arc<dyn Store>> = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["plain"] => None,
        ["memory"] => Some(Arc::new(MemoryStore::new(Limits::default()))),
        ["redis", url] => Some(Arc::new(RedisStore::connect(url, "bench:").await?)),
        _ => return Err("serve plain, memory, or redis URL".into()),
    };
    let routes = match store {
        None => routes,
        Some(store) => {
            let classify = Verified(Hmac::new_from_slice(SECRET)?);
            routes.layer(ReportCache::new(store, CacheConfig::default()).layer(classify))
        }
    };
    let routes = routes.route("/-/ready", get(|| async {}));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, routes).await?)
}
