//! `${NAME}` in a text: a value that comes from the environment, so that no file holds it.

/// The text with each `${NAME}` replaced by what `env` knows of it. `$${` is a literal `${`;
/// anything else with a dollar stays as it is.
///
/// # Errors
/// The name of the first variable that is not set.
pub fn expand(text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, from) = rest.split_at(at);
        if let Some(literal) = before.strip_suffix('$') {
            out.push_str(literal);
            out.push_str("${");
            rest = &from[2..];
            continue;
        }
        out.push_str(before);
        match from[2..].split_once('}').filter(|(name, _)| is_name(name)) {
            Some((name, after)) => {
                out.push_str(&env(name).ok_or_else(|| name.to_owned())?);
                rest = after;
            }
            None => {
                out.push_str("${");
                rest = &from[2..];
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// Whether a text is nothing but one `${NAME}`.
pub(super) fn is_reference(text: &str) -> bool {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).is_some_and(is_name)
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_replaced_and_double_dollars_are_not() {
        let env = |name: &str| (name == "A").then(|| "x${B}".to_owned());
        for (text, expected) in [
            ("plain", Ok("plain")),
            ("${A}", Ok("x${B}")),
            ("redis://:${A}@host/${A}", Ok("redis://:x${B}@host/x${B}")),
            ("$${A}", Ok("${A}")),
            ("$${A}${A}", Ok("${A}x${B}")),
            ("cost $5, ${not a name} ${", Ok("cost $5, ${not a name} ${")),
            ("${MISSING} ${A}", Err("MISSING")),
        ] {
            assert_eq!(expand(text, &env), expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }
}
