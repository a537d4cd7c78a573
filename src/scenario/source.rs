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
        needles.iter().find_map(|needle| self.find(needle, 1))
    }

    /// The same below headings that stand one below the other, such as `roles:` and
    /// `teacher:`: what is wrong with one role may be right with the one before it.
    pub fn locate_below(&self, headings: &[&str], needles: &[&str]) -> Option<(usize, usize)> {
        let from =
            headings.iter().try_fold(1, |from, heading| self.find(heading, from).map(|(line, _)| line));
        let below = |needle: &&str| self.find(needle, from?);
        needles.iter().find_map(below).or_else(|| self.locate(needles))
    }

    /// The first occurrence from a line on.
    fn find(&self, needle: &str, from: usize) -> Option<(usize, usize)> {
        self.text.lines().enumerate().skip(from - 1).find_map(|(index, line)| {
            let comment = if line.trim_start().starts_with('#') { 0 } else { line.len() };
            let end = line.find(" #").unwrap_or(comment);
            let found = line[..end].find(needle)?;
            Some((index + 1, line[..found].chars().count() + 1))
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
    fn a_text_is_found_below_its_headings() {
        let text = "a: {n: 1}\nroles:\n  a:\n    n: 1\n  b:\n    n: 1\n";
        let source = Source { name: "x".into(), text: text.into() };
        assert_eq!(source.locate_below(&["roles:", "a:"], &["n:"]), Some((4, 5)));
        assert_eq!(source.locate_below(&["roles:", "b:"], &["n:"]), Some((6, 5)));
        assert_eq!(source.locate_below(&["roles:", "c:"], &["n:"]), Some((1, 5)), "else wherever it is");
    }

    #[test]
    fn the_caret_stands_below_the_column() {
        let source = Source { name: "x".into(), text: "a\n  bcd\n".into() };
        assert_eq!(source.excerpt(2, 3).unwrap(), "  |\n2 |   bcd\n  |   ^");
    }
}
