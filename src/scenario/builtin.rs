//! Scenarios and parts of scenarios compiled into the binary, so that it works alone.

/// The scenario of a run without one.
pub const DEFAULT: &str = "school-day";

/// Names of built-in scenarios.
pub const SCENARIOS: [&str; 8] =
    ["school-day", "smoke", "exam-week", "report-night", "bell", "term-start", "soak", "probe"];

/// Names of built-in parts, for `include:`.
pub const PARTS: [&str; 1] = ["parts/school"];

/// The text of a built-in scenario or part by its name.
pub fn builtin(name: &str) -> Option<&'static str> {
    match name {
        "school-day" => Some(include_str!("../../scenarios/school-day.yaml")),
        "smoke" => Some(include_str!("../../scenarios/smoke.yaml")),
        "exam-week" => Some(include_str!("../../scenarios/exam-week.yaml")),
        "report-night" => Some(include_str!("../../scenarios/report-night.yaml")),
        "bell" => Some(include_str!("../../scenarios/bell.yaml")),
        "term-start" => Some(include_str!("../../scenarios/term-start.yaml")),
        "soak" => Some(include_str!("../../scenarios/soak.yaml")),
        "probe" => Some(include_str!("../../scenarios/probe.yaml")),
        "parts/school" => Some(include_str!("../../scenarios/parts/school.yaml")),
        _ => None,
    }
}
