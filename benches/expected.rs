//! Expected against measured hit rate over ten seeds: does the replay in virtual time tell
//! what a run against the embedded service then finds?
//!
//! ```sh
//! cargo bench --profile dev --bench expected            # ten runs of the smoke scenario, 20 s each
//! cargo bench --profile dev --bench expected -- 3 10s   # three, 10 s each
//! ```

use serde_json::Value;
use std::process::{Command, Stdio};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let runs: u64 = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(10);
    let length = arguments.get(1).map_or("20s", String::as_str);
    println!("seed  role      expected  one run             measured  interval            gap");
    let (mut inside, mut gaps, mut all) = (0, 0, 0);
    let mut off = Vec::new();
    for seed in 1..=runs {
        let Some(verdict) = verdict(seed, length) else { continue };
        for expectation in verdict["expectations"].as_array().into_iter().flatten() {
            let number = |value: &Value| value.as_f64().map(|value| value * 100.0);
            let span = |value: &Value| Some((number(value.get(0)?)?, number(value.get(1)?)?));
            let role = expectation["role"].as_str().unwrap_or("all");
            let (Some(expected), Some((lo, hi))) =
                (number(&expectation["expected_value"]), span(&expectation["expected"]))
            else {
                continue;
            };
            let Some(measured) = number(&expectation["measured"]) else { continue };
            let interval = span(&expectation["interval"])
                .map_or_else(|| "–".into(), |(lo, hi)| format!("[{lo:5.1}, {hi:5.1}]"));
            let gap = expectation["gap"] == true;
            println!(
                "{seed:>4}  {role:<8}  {expected:>6.1} %  [{lo:5.1}, {hi:5.1}]      {measured:>6.1} %  {interval:<18}  {}",
                if gap { "GAP" } else { "" }
            );
            all += 1;
            inside += u32::from((lo..=hi).contains(&measured));
            gaps += u32::from(gap);
            if role == "all" {
                off.push(measured - expected);
            }
        }
    }
    let mean = off.iter().sum::<f64>() / off.len().max(1) as f64;
    println!(
        "\n{inside} of {all} measured rates lie in the expected interval, {gaps} gaps; over all roles \
         measured − expected is {mean:+.2} points on average"
    );
}

fn verdict(seed: u64, length: &str) -> Option<Value> {
    let dir = tempfile::tempdir().ok()?;
    let out = Command::new(env!("CARGO_BIN_EXE_cacheproof"))
        .args(["run", "smoke", "--json", "--quiet", "--duration", length, "--seed", &seed.to_string()])
        // As long a warm-up as the measured part needs to find the cache as it keeps it.
        .args(["--set", "phases.0.duration=5s", "--out"])
        .arg(dir.path().join("run"))
        .stderr(Stdio::inherit())
        .output()
        .ok()?;
    serde_json::from_slice(&out.stdout).ok()
}
