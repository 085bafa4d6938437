//! Whether two classifiers make equally many errors on the same records, without resampling.

use super::encode::same_length;
use crate::Result;

/// Below this many records that only one classifier gets right, the test is exact.
const EXACT_BELOW: u64 = 25;

/// The outcome of McNemar's test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// Records that only the first classifier gets right.
    pub only_a: u64,
    /// Records that only the second classifier gets right.
    pub only_b: u64,
    /// Two-sided: the chance of counts this uneven if neither were better. Between 0 and 1.
    pub p: f64,
    /// Whether `p` is the exact binomial one, not that of the chi-square approximation.
    pub exact: bool,
}

/// McNemar's test of classifiers `a` and `b`: do they have the same error rate?
///
/// With fewer than 25 records that only one of them gets right, the exact binomial test; otherwise
/// chi-square with one degree of freedom and continuity correction, (|b − c| − 1)² / (b + c)
/// (Dietterich, "Approximate statistical tests for comparing supervised classification learning
/// algorithms", Neural Computation 10(7), 1998). With no such records, p is 1.
///
/// # Errors
/// If there are not as many predictions as gold labels.
///
/// ```
/// use tasnif::metrics::mcnemar;
///
/// let gold = ["aid"; 8];
/// let a = [Some("aid"); 8];
/// let b = [Some("talks"); 8];
/// let test = mcnemar(&gold, &a, &b)?;
/// assert_eq!((test.only_a, test.only_b, test.exact), (8, 0, true));
/// assert_eq!(test.p, 2.0 / 256.0);
/// # Ok::<(), tasnif::Error>(())
/// ```
pub fn mcnemar(
    gold: &[impl AsRef<str>],
    a: &[Option<impl AsRef<str>>],
    b: &[Option<impl AsRef<str>>],
) -> Result<McNemar> {
    same_length(gold.len(), a.len())?;
    same_length(gold.len(), b.len())?;
    let (mut only_a, mut only_b) = (0, 0);
    for ((gold, a), b) in gold.iter().zip(a).zip(b) {
        let a = a.as_ref().is_some_and(|a| a.as_ref() == gold.as_ref());
        let b = b.as_ref().is_some_and(|b| b.as_ref() == gold.as_ref());
        only_a += u64::from(a && !b);
        only_b += u64::from(b && !a);
    }
    let exact = only_a + only_b < EXACT_BELOW;
    let p = if exact { binomial(only_a, only_b) } else { chi_square(only_a, only_b) };
    Ok(McNemar { only_a, only_b, p, exact })
}

/// The chance that as few as the fewer of `b` and `c` of b + c coins show heads, doubled.
fn binomial(b: u64, c: u64) -> f64 {
    let n = b + c;
    let mut ways = 1.0; // n choose i
    let mut sum = 0.0;
    for i in 0..=b.min(c) {
        sum += ways;
        ways = ways * (n - i) as f64 / (i + 1) as f64;
    }
    (2.0 * sum / (1u64 << n) as f64).min(1.0)
}

/// The upper tail of chi-square with one degree of freedom, erfc(√(x / 2)).
fn chi_square(b: u64, c: u64) -> f64 {
    let excess = b.abs_diff(c).saturating_sub(1) as f64;
    libm::erfc((excess * excess / (b + c) as f64 / 2.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_disagreements_give_the_binomial_test_of_scipy() {
        // scipy.stats.binomtest(3, 13).pvalue, binomtest(7, 24).pvalue, binomtest(0, 5).pvalue
        for ((b, c), p) in
            [((3, 10), 0.09228515625), ((17, 7), 0.06391465663909912), ((0, 5), 0.0625), ((4, 4), 1.0)]
        {
            assert!((binomial(b, c) - p).abs() < 1e-12, "{b} {c}: {}", binomial(b, c));
        }
        assert_eq!(binomial(0, 0), 1.0);
    }

    #[test]
    fn many_disagreements_give_the_chi_square_tail_of_scipy() {
        // scipy.stats.chi2.sf(max(abs(b - c) - 1, 0) ** 2 / (b + c), 1)
        for ((b, c), p) in [
            ((15, 10), 0.4237107971667936),
            ((40, 17), 0.0035686284369333987),
            ((30, 30), 1.0),
            ((200, 120), 1.0043523971516364e-05),
        ] {
            assert!((chi_square(b, c) - p).abs() < 1e-10, "{b} {c}: {}", chi_square(b, c));
        }
    }

    #[test]
    fn the_exact_test_ends_at_25_disagreements() {
        let gold = ["x"; 25];
        let right = [Some("x"); 25];
        let wrong = [None::<&str>; 25];
        assert!(mcnemar(&gold[..24], &right[..24], &wrong[..24]).unwrap().exact);
        assert!(!mcnemar(&gold, &right, &wrong).unwrap().exact);
        assert_eq!(mcnemar(&gold, &right, &right).unwrap().p, 1.0);
        assert!(mcnemar(&gold, &right[..3], &wrong).is_err());
    }
}
