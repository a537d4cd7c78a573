//! Many rows at once: Holm's procedure over them, the gravest first.

use super::lines::Line;
use super::row::{Pair, is_worse, measure, same, straight, told};
use super::{FAMILY_ERROR, Margin, POWER, Row, Scale, Word};
use crate::evidence::Evidence;
use crate::stats::difference::{Span, detectable, stretched};
use crate::stats::holm::step_down;

/// What the rows of a family have in common.
pub(super) struct Family<'a> {
    pub(super) base: &'a Evidence,
    pub(super) new: &'a Evidence,
    pub(super) confidence: f64,
    pub(super) margin: Margin,
    /// Why nothing can be said of any row.
    pub(super) withheld: Option<&'a str>,
}

/// A row on its way.
struct Begun {
    line: Line,
    pair: Pair,
    same: [f64; 2],
    changed: bool,
}

impl Family<'_> {
    /// Compares each line, the gravest word first, in the order of the lines otherwise.
    pub(super) fn compare(&self, lines: Vec<Line>) -> Vec<Row> {
        let mut begun: Vec<Begun> = lines.into_iter().map(|line| self.begin(line)).collect();
        self.step_down(&mut begun);
        let judged = begun.iter().filter(|row| row.pair.change.is_ok()).count();
        let mut rows: Vec<Row> = begun.into_iter().map(|row| self.end(row, judged)).collect();
        rows.sort_by_key(|row| row.word);
        rows
    }

    fn begin(&self, line: Line) -> Begun {
        let mut pair = measure(&line, self.base, self.new, self.confidence);
        if let Some(why) = self.withheld {
            pair.change = Err(why.to_owned());
        }
        let scale = pair.change.as_ref().map_or(Scale::Difference, |(scale, _)| *scale);
        let same = same((scale, pair.unit), &line, pair.base, self.margin);
        Begun { line, pair, same, changed: false }
    }

    /// Holm (1979): what is clear at error/m, of m rows, then what is clear at error/(m − 1), and
    /// so on until nothing more is. A row that cannot be measured so far out is not clear, and
    /// does not keep the others from it. Only what is tested is measured again.
    fn step_down(&self, rows: &mut [Begun]) {
        let family = rows.iter().filter(|row| row.pair.change.is_ok()).count();
        // An interval that holds no change is not clear at any stricter level either.
        let clear =
            |row: &Begun| matches!(&row.pair.change, Ok((scale, span)) if clearness(*scale, *span) > 1.0);
        let candidates: Vec<usize> =
            rows.iter().enumerate().filter(|(_, row)| clear(row)).map(|(at, _)| at).collect();
        let changed =
            step_down(family, &candidates, FAMILY_ERROR, |at, level| self.is_clear(&rows[at], 1.0 - level));
        for at in changed {
            rows[at].changed = true;
        }
    }

    /// Whether a change is clear at a confidence far above that of the intervals shown: by the
    /// wider of the interval measured again at it, which knows its degrees of freedom, and the
    /// one at hand stretched, since a bootstrap has no draws so far out.
    fn is_clear(&self, row: &Begun, confidence: f64) -> bool {
        let again = measure(&row.line, self.base, self.new, confidence);
        match (&row.pair.change, again.change) {
            (Ok((scale, span)), Ok((_, wide))) => {
                let at_hand = stretched(straight(*scale, *span), self.confidence, confidence);
                !at_hand.hull(straight(*scale, wide)).holds(0.0)
            }
            (Ok(_) | Err(_), _) => false,
        }
    }

    fn end(&self, row: Begun, family: usize) -> Row {
        let Begun { line, pair, same: [lo, hi], changed } = row;
        let Pair { base, new, unit, change } = pair;
        let (word, change, why) = match change {
            Err(why) => (Word::CannotTell, None, Some(why)),
            Ok((scale, span)) => {
                // Within the margin a change is no news, however clear it is.
                let word = match (span.within(lo, hi), changed) {
                    (true, _) => Word::Same,
                    (false, true) if is_worse(line.better, scale, span.value) => Word::Worse,
                    (false, true) => Word::Better,
                    (false, false) => Word::CannotTell,
                };
                let level = FAMILY_ERROR / family.max(1) as f64;
                let least = detectable(straight(scale, span), self.confidence, level, POWER);
                (word, Some(told(scale, span, [lo, hi], least)), None)
            }
        };
        Row { line: line.name, word, better: line.better, unit, base, new, change, why }
    }
}

/// How far a change is from none, in half widths of its interval on that side.
fn clearness(scale: Scale, span: Span) -> f64 {
    let Span { value, lo, hi } = straight(scale, span);
    let half = if value >= 0.0 { value - lo } else { hi - value };
    if half > 0.0 { value.abs() / half } else { f64::INFINITY }
}
