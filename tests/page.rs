//! The report as a person opens it: in a browser.

use std::process::Command;
use std::time::Duration;

use crate::support::folder::RunFolder;
use crate::support::program::{cacheproof, run};
use crate::support::{temporary, turn};

/// What keeps a headless Chromium from looking for anything on the network.
const ALONE: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

/// What Chromium prints when asked like this about the page.
fn chromium(dir: &std::path::Path, page: &std::path::Path, arguments: &[String]) -> String {
    let mut command = Command::new("chromium");
    command.args(ALONE).arg(format!("--user-data-dir={}", dir.join("profile").display())).args(arguments);
    command.arg(format!("file://{}", page.display()));
    let out = command.output().expect("chromium must be installed: bash .ci/test does it");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

#[test]
fn a_browser_shows_the_report_at_any_width() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let arguments = ["run", "smoke", "--quiet", "--duration", "3s", "--out", folder.path.to_str().unwrap()];
    run(cacheproof(arguments), Duration::from_secs(60)).expect(&[0, 10, 11]);
    let page = folder.path.join("report.html");

    let shown = chromium(dir.path(), &page, &["--dump-dom".into()]);
    for text in [
        "What was asked, and what was measured",
        "hit_rate &gt; 30%",
        "Latency by percentile",
        "Where and how",
    ] {
        assert!(shown.contains(text), "{text} is not on the page");
    }
    // An empty page is a few kilobytes as a picture.
    for width in [1440, 500] {
        let picture = dir.path().join(format!("{width}.png"));
        let size = format!("--window-size={width},1200");
        chromium(dir.path(), &page, &[size, format!("--screenshot={}", picture.display())]);
        let bytes = std::fs::read(&picture).unwrap();
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000, "{width}: {} bytes", bytes.len());
    }
}
