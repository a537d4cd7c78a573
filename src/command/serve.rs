//! `cacheproof serve`: the school service on a port.

use crate::attack::{ANNOUNCEMENT, Cause, PASSWORD_VARIABLE, Stop};
use crate::cli::{BrowserArg, ServeArgs, SizeArg};
use crate::exit::{Exit, Failure, OrExit as _};
use anyhow::Context as _;
use platform::{BrowserPolicy, Config, Size, StoreChoice};
use rand::RngExt as _;
use std::io::Write as _;
use tokio::io::AsyncReadExt as _;

pub(super) async fn serve(args: ServeArgs) -> Result<Exit, Failure> {
    let address = std::net::SocketAddr::new(args.host, args.port);
    // The port first: seeding a school for a port that is taken would waste seconds.
    let listener = tokio::net::TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; choose another --port, or 0 for any"))
        .or_exit(Exit::Usage)?;
    if !(args.time_scale > 0.0 && args.time_scale <= 3_600.0) {
        return Err(Failure {
            exit: Exit::Usage,
            source: anyhow::anyhow!("--time-scale {} is not above 0 and at most 3600", args.time_scale),
        });
    }
    let known = std::env::var(PASSWORD_VARIABLE).ok().filter(|password| !password.is_empty());
    let password = known.clone().unwrap_or_else(|| random_text(16));
    let of_this_process = args.prefix.is_none();
    let config = Config {
        seed: args.seed,
        size: match args.size {
            SizeArg::Full => Size::default(),
            SizeArg::Small => Size::small(),
        },
        time_scale: args.time_scale,
        store: match args.redis.filter(|url| !url.is_empty()) {
            None => StoreChoice::Memory,
            Some(url) => StoreChoice::Redis {
                url,
                prefix: args.prefix.unwrap_or_else(|| format!("cacheproof:{}:", random_text(8))),
                // Somebody who types a wrong address wants to be told.
                must_answer: true,
            },
        },
        password: password.clone(),
        browser: match args.browser {
            BrowserArg::Exact => BrowserPolicy::Exact,
            BrowserArg::Relaxed => BrowserPolicy::Relaxed,
        },
        database: args.database,
    };
    let stop = Stop::default();
    super::signals::install(&stop)?;
    let platform = tokio::select! {
        started = platform::start(&config) => started.or_exit(Exit::TargetLost)?,
        () = stop.stopped() => return Ok(Exit::Interrupted),
    };
    let bound = listener.local_addr().context("the listener has no address")?;
    let mut out = std::io::stdout().lock();
    let announced = (|| {
        if !args.exit_with_parent {
            let school = platform.population();
            writeln!(
                out,
                "a school of {} students, {} teachers, {} tutors and {} parents",
                school.students, school.teachers, school.tutors, school.parents
            )?;
            if known.is_none() {
                writeln!(out, "everybody's password (set {PASSWORD_VARIABLE} to choose it): {password}")?;
            }
        }
        writeln!(out, "{ANNOUNCEMENT}http://{bound}")?;
        out.flush()
    })();
    announced.context("cannot write to standard output")?;
    drop(out);
    if args.exit_with_parent {
        let stop = stop.clone();
        tokio::spawn(async move {
            // The parent holds the other end of the pipe; it closes however it goes.
            let mut sink = [0_u8; 64];
            while tokio::io::stdin().read(&mut sink).await.is_ok_and(|n| n > 0) {}
            stop.trigger(Cause::Interrupted);
        });
    }
    let (ended, cache) = (stop.clone(), platform.cache());
    platform::serve(platform, listener, async move { ended.stopped().await })
        .await
        .context("the service failed")?;
    if of_this_process {
        // Nobody can find keys under a random prefix again; a store that is away keeps them
        // only until they expire.
        if let Err(error) = cache.remove_everything().await {
            tracing::warn!(%error, "the cache was not emptied");
        }
    }
    Ok(Exit::Passed)
}

fn random_text(length: usize) -> String {
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(rng.sample(rand::distr::Alphanumeric))).collect()
}
