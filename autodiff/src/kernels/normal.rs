//! The standard normal distribution by the inverse of its distribution function.
//!
//! Source: Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988),
//! whose double-precision routine has a relative error of 1e-16 before rounding.

use super::random::open;
use crate::base::real::Real;

/// The coefficients of a numerator and a denominator, from the constant one on.
type Quotient = [[f64; 8]; 2];

/// z/q in r = 0.425² − q², for q = ½ − p up to 0.425.
const CENTRE: Quotient = [
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
];

/// z in r − 1.6, for r = √(−log p) up to 5.
const TAIL: Quotient = [
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        0.000_774_545_014_278_341_4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        0.000_547_593_808_499_534_5,
        1.050_750_071_644_416_9e-9,
    ],
];

/// z in r − 5, for larger r.
const FAR_TAIL: Quotient = [
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        0.000_786_869_131_145_613_3,
        1.846_318_317_510_054_8e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_7e-15,
    ],
];

/// Φ⁻¹((b + ½)/2⁶⁴), which grows with b and changes its sign where all bits of b are changed.
pub(super) fn standard_normal(b: u64) -> f64 {
    const HALF: u64 = 1 << 63;
    if b >= HALF { upper(!b) } else { -upper(b) }
}

/// −Φ⁻¹(p) for p = (b + ½)/2⁶⁴ below ½. Both p and its distance to ½ are to the last digit.
fn upper(b: u64) -> f64 {
    const HALF: u64 = 1 << 63;
    let q = open(HALF - 1 - b);
    if q <= 0.425 {
        return q * quotient(&CENTRE, 0.180_625 - q * q);
    }
    let r = (-log(open(b))).sqrt();
    if r <= 5.0 { quotient(&TAIL, r - 1.6) } else { quotient(&FAR_TAIL, r - 5.0) }
}

/// The logarithm that is the same on every machine.
fn log<F: Real>(x: F) -> F {
    x.logarithm()
}

fn quotient([above, below]: &Quotient, x: f64) -> f64 {
    let polynomial = |c: &[f64; 8]| c.iter().rev().fold(0.0, |y, c| y * x + c);
    polynomial(above) / polynomial(below)
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::*;

    /// Φ(x), by a series near 0 and a continued fraction in the tails, to 14 digits or so.
    ///
    /// Source: Abramowitz & Stegun, "Handbook of Mathematical Functions" (1964), 26.2.11 and 26.2.14.
    pub(crate) fn distribution(x: f64) -> f64 {
        let density = (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        if x.abs() > 1.5 {
            let fraction = (1..=400).rev().fold(x.abs(), |below, k| x.abs() + f64::from(k) / below);
            let tail = density / fraction;
            return if x < 0.0 { tail } else { 1.0 - tail };
        }
        let (mut term, mut sum) = (x, x);
        for k in 1..100 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 + density * sum
    }

    fn the_distribution_function_undoes_it() {
        // p from 2⁻⁶⁵ to ½, by factors of the eighth root of 2.
        for step in 0..64 * 8 {
            let b = 2f64.powf(f64::from(step) / 8.0) as u64 - 1;
            let (p, z) = (open(b), standard_normal(b));
            // A rounding of z by a unit in its last place changes p by z·z units in its own.
            let tolerance = 1e-14 + z * z * 5e-16;
            assert!((distribution(z) / p - 1.0).abs() < tolerance, "p = {p:e}, z = {z}: {:e}", distribution(z));
        }
    }

    fn near_zero_it_is_linear() {
        // Φ⁻¹(½ + q) = √(2π)·q + O(q³)
        for distance in [0, 1, 5, 1 << 20, 1 << 40] {
            let z = standard_normal((1 << 63) + distance);
            let expected = std::f64::consts::TAU.sqrt() * open(distance);
            assert!((z / expected - 1.0).abs() < 1e-13, "{distance}: {z:e}, {expected:e}");
        }
    }

    fn it_is_symmetric_and_increases() {
        let steps: Vec<u64> = (0..64).map(|place| 1 << place).chain([0, u64::MAX / 3, u64::MAX]).collect();
        assert!(steps.iter().all(|b| standard_normal(*b) == -standard_normal(!b)));
        let mut sorted: Vec<u64> = steps.iter().flat_map(|b| [*b, !b]).collect();
        sorted.sort_unstable();
        sorted.dedup();
        assert!(sorted.is_sorted_by(|a, b| standard_normal(*a) <= standard_normal(*b)));
        assert!(standard_normal(0) < -9.15 && standard_normal(u64::MAX) > 9.15);
    }

    fn the_pieces_meet() {
        for p in [0.075, (-25.0f64).exp()] {
            let b = (p * 2f64.powi(64)) as u64;
            let width = b >> 20;
            let (left, here, right) = (standard_normal(b - width), standard_normal(b), standard_normal(b + width));
            assert!(((right - here) / (here - left) - 1.0).abs() < 1e-5, "at p = {p:e}: {left} {here} {right}");
        }
    }

    self_tests!(
        the_distribution_function_undoes_it,
        near_zero_it_is_linear,
        it_is_symmetric_and_increases,
        the_pieces_meet,
    );
}
