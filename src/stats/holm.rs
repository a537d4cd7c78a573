//! Several tests at once: which rejections stand.

/// Holm's step-down procedure (Scandinavian Journal of Statistics 6, 1979): of `tests` hypotheses,
/// those that can be rejected so that a true one is among them with probability `alpha` at most,
/// whatever their dependence.
///
/// `rejects(index, level)` says whether a test by itself rejects at a level; it is asked only for
/// the `candidates`, those that reject at `alpha`. What rejects at alpha/k is rejected, k being
/// what is left, until nothing more is.
pub fn step_down(
    tests: usize,
    candidates: &[usize],
    alpha: f64,
    mut rejects: impl FnMut(usize, f64) -> bool,
) -> Vec<usize> {
    let mut open = candidates.to_vec();
    let mut rejected = Vec::new();
    loop {
        let left = tests.saturating_sub(rejected.len()).max(1);
        let (now, later): (Vec<usize>, Vec<usize>) =
            open.iter().partition(|&&index| rejects(index, alpha / left as f64));
        rejected.extend(&now);
        open = later;
        if now.is_empty() || open.is_empty() {
            rejected.sort_unstable();
            return rejected;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(p: &[f64]) -> Vec<usize> {
        let candidates: Vec<usize> = (0..p.len()).filter(|&i| p[i] <= 0.05).collect();
        step_down(p.len(), &candidates, 0.05, |index, level| p[index] <= level)
    }

    /// As in the paper: in order of p, until one is above α/(m − i).
    fn by_the_book(p: &[f64]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..p.len()).collect();
        order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
        let stands = |&(at, &index): &(usize, &usize)| p[index] <= 0.05 / (p.len() - at) as f64;
        let mut rejected: Vec<usize> =
            order.iter().enumerate().take_while(stands).map(|(_, &index)| index).collect();
        rejected.sort_unstable();
        rejected
    }

    #[test]
    fn it_is_holm_s_procedure() {
        let tables: [&[f64]; 6] = [
            &[0.01, 0.04, 0.03, 0.005],
            &[0.04],
            &[0.03, 0.03],
            &[0.001, 0.02, 0.04, 0.9, 0.012],
            &[0.024, 0.04, 0.8],
            &[],
        ];
        for p in tables {
            assert_eq!(of(p), by_the_book(p), "{p:?}");
        }
        assert_eq!(of(&[0.01, 0.04, 0.03, 0.005]), [0, 3], "the example of the text books");
    }

    #[test]
    fn one_test_alone_is_not_corrected() {
        assert_eq!(of(&[0.05]), [0]);
    }

    #[test]
    fn each_rejection_makes_the_next_one_easier() {
        // 0.02 is above 0.05/3, but not above 0.05/2.
        assert_eq!(of(&[0.001, 0.02, 0.9]), [0, 1]);
        assert_eq!(of(&[0.02, 0.02, 0.9]), Vec::<usize>::new());
    }
}
