//! Scenarios compiled into the binary, so that it works alone.

/// The scenario of a run without one.
pub const DEFAULT: &str = "school-day";

/// The text of a built-in scenario by its name.
pub fn builtin(name: &str) -> Option<&'static str> {
    match name {
        "school-day" => Some(include_str!("../../scenarios/school-day.yaml")),
        "smoke" => Some(include_str!("../../scenarios/smoke.yaml")),
        _ => None,
    }
}
