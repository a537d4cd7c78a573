//! The text of a scenario, kept to point at lines of it.

/// A scenario's file name and text.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path as the user gave it, or `<built-in school-day>`.
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// 1-based line and column of the first occurrence of any of these texts,
    /// tried in order. The text of a comment does not count.
    pub fn locate(&self, needles: &[&str]) -> Option<(usize, usize)> {
        needles.iter().find_map(|needle| {
            self.text.lines().enumerate().find_map(|(index, line)| {
                let end = line.find(" #").unwrap_or(if line.trim_start().starts_with('#') {
                    0
                } else {
                    line.len()
                });
                let found = line[..end].find(needle)?;
                Some((index + 1, line[..found].chars().count() + 1))
            })
        })
    }

    /// The line and a caret below the column, as compilers show it.
    pub fn excerpt(&self, line: usize, column: usize) -> Option<String> {
        let text = self.text.lines().nth(line.checked_sub(1)?)?;
        let number = line.to_string();
        let margin = " ".repeat(number.len());
        let pad: String =
            text.chars().take(column.saturating_sub(1)).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        Some(format!("{margin} |\n{number} | {text}\n{margin} | {pad}^"))
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn a_text_is_found_outside_comments() {
        let source = Source {
            name: "x".into(),
            text: "# users: 3\nroles:\n  teacher:\n    users: 3 # users\n".into(),
        };
        assert_eq!(source.locate(&["users:"]), Some((4, 5)));
        assert_eq!(source.locate(&["nothing", "teacher"]), Some((3, 3)));
        assert_eq!(source.locate(&["absent"]), None);
    }

    #[test]
    fn the_caret_stands_below_the_column() {
        let source = Source { name: "x".into(), text: "a\n  bcd\n".into() };
        assert_eq!(source.excerpt(2, 3).unwrap(), "  |\n2 |   bcd\n  |   ^");
    }
}
