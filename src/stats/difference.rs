//! Two measured values against each other: how far apart, and how far apart they would have
//! to be to be told apart.
//!
//! MOVER, the method of variance estimates recovery: the interval of a difference comes from
//! the two intervals alone, whatever method made each and however lopsided they are (Zou &
//! Donner, "Construction of confidence limits about effect measures: a general approach",
//! Statistics in Medicine 27, 2008, eq. 5). For a ratio the same is done on logarithms, which
//! keeps it above zero and treats "twice" and "half" alike (Donner & Zou, "Closed-form
//! confidence intervals for functions of the normal mean and standard deviation", Statistical
//! Methods in Medical Research 21, 2012; Li, Tang & Wong, "Comparison of confidence interval
//! methods for the ratio", 2014). The two runs must be independent of each other.

use super::gaussian::normal_quantile;

/// A value with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// The value.
    pub value: f64,
    /// Lower end.
    pub lo: f64,
    /// Upper end.
    pub hi: f64,
}

impl Span {
    fn map(self, f: impl Fn(f64) -> f64) -> Self {
        Self { value: f(self.value), lo: f(self.lo), hi: f(self.hi) }
    }

    /// The narrowest span that holds both; the value is this one's.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self { value: self.value, lo: self.lo.min(other.lo), hi: self.hi.max(other.hi) }
    }

    /// Whether it holds a number, its ends included.
    #[must_use]
    pub fn holds(self, number: f64) -> bool {
        self.lo <= number && number <= self.hi
    }

    /// Whether all of it lies between two numbers: two one-sided tests at once, each at half
    /// of what the interval leaves out (Schuirmann, "A comparison of the two one-sided tests
    /// procedure and the power approach", J. Pharmacokinetics and Biopharmaceutics 15, 1987).
    #[must_use]
    pub fn within(self, lo: f64, hi: f64) -> bool {
        lo <= self.lo && self.hi <= hi
    }
}

/// `new` − `base` by MOVER, at the confidence that both intervals have.
#[must_use]
pub fn difference(base: Span, new: Span) -> Span {
    let value = new.value - base.value;
    let down = (new.value - new.lo).hypot(base.hi - base.value);
    let up = (new.hi - new.value).hypot(base.value - base.lo);
    Span { value, lo: value - down, hi: value + up }
}

/// `new` ÷ `base` by MOVER on logarithms. `None` where an interval reaches zero: then any
/// ratio is possible.
#[must_use]
pub fn ratio(base: Span, new: Span) -> Option<Span> {
    let positive = |span: Span| span.lo > 0.0 && span.hi.is_finite();
    (positive(base) && positive(new)).then(|| difference(base.map(f64::ln), new.map(f64::ln)).map(f64::exp))
}

/// An interval of a difference at another confidence, as if both ends were normal: the
/// distance to each grows with the normal quantile.
///
/// For a bootstrap of which so few draws lie that far out that its own percentiles end there.
#[must_use]
pub fn stretched(span: Span, from: f64, to: f64) -> Span {
    let factor = reach(to) / reach(from);
    let value = span.value;
    Span { value, lo: value - (value - span.lo) * factor, hi: value + (span.hi - value) * factor }
}

/// The least true difference that a test at `level` (two-sided) between two such runs finds
/// with this power: (z(1 − level/2) + z(power)) standard errors, the standard error being what
/// the interval of the difference has. The usual sample size formula, solved for the difference.
#[must_use]
pub fn detectable(span: Span, confidence: f64, level: f64, power: f64) -> f64 {
    let error = (span.hi - span.lo) / 2.0 / reach(confidence);
    error * (reach(1.0 - level) + normal_quantile(power))
}

/// How many standard errors a two-sided interval reaches to.
fn reach(confidence: f64) -> f64 {
    normal_quantile(0.5 + confidence / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn span(value: f64, lo: f64, hi: f64) -> Span {
        Span { value, lo, hi }
    }

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-4
    }

    #[test]
    fn the_difference_of_two_shares_is_newcombes() {
        // Newcombe, Statistics in Medicine 17 (1998), table II (a): 56/70 − 48/80 by Wilson's
        // intervals (method 10): 0.2000 [0.0524, 0.3339].
        let d = difference(span(0.6, 0.4904, 0.7000), span(0.8, 0.6919, 0.8769));
        assert!(close(d.value, 0.2) && close(d.lo, 0.0524) && close(d.hi, 0.3339), "{d:?}");
    }

    #[test]
    fn symmetric_intervals_add_like_standard_errors() {
        let d = difference(span(10.0, 7.0, 13.0), span(12.0, 8.0, 16.0));
        assert_eq!((d.value, d.lo, d.hi), (2.0, -3.0, 7.0));
    }

    #[test]
    fn a_ratio_whose_interval_reaches_zero_is_none() {
        assert_eq!(ratio(span(1.0, 0.0, 2.0), span(1.0, 0.5, 2.0)), None);
        let r = ratio(span(100.0, 50.0, 200.0), span(100.0, 50.0, 200.0)).unwrap();
        // A factor of two each: together 2^√2.
        assert!(close(r.hi, 2.0_f64.powf(2.0_f64.sqrt())) && close(r.lo * r.hi, 1.0), "{r:?}");
    }

    #[test]
    fn what_can_be_found_is_2_8_standard_errors_at_the_usual_level() {
        // z(0.975) + z(0.8) = 1.960 + 0.842.
        let d = span(0.0, -1.96, 1.96);
        assert!(close(detectable(d, 0.95, 0.05, 0.8), 2.8016), "{}", detectable(d, 0.95, 0.05, 0.8));
        let wide = stretched(d, 0.95, 0.99);
        assert!(close(wide.hi, 2.5758) && close(wide.lo, -2.5758), "{wide:?}");
    }

    proptest! {
        #[test]
        fn base_and_new_exchanged_is_the_same_told_the_other_way(
            (a, b) in (1.0f64..1e6, 1.0f64..1e6), (l, h, k, m) in (0.1f64..0.9, 0.0f64..2.0, 0.1f64..0.9, 0.0f64..2.0)
        ) {
            let (base, new) = (span(a, a * l, a * (1.0 + h)), span(b, b * k, b * (1.0 + m)));
            let (forth, back) = (difference(base, new), difference(new, base));
            prop_assert!((forth.lo + back.hi).abs() < 1e-6 * (a + b) && forth.lo <= forth.value && forth.value <= forth.hi);
            let (forth, back) = (ratio(base, new).unwrap(), ratio(new, base).unwrap());
            prop_assert!((forth.lo * back.hi - 1.0).abs() < 1e-6);
        }
    }
}
