//! Random numbers from an explicit key.
//!
//! Element i in logical order is drawn with 64 random bits of its own, an integer bᵢ: its upper half is word i of
//! ChaCha8 seeded with the key, on the stream; its lower half is word 2⁶⁷ + i of the same, which no upper half of an
//! array is. Every distribution is a function of bᵢ, so an element depends on the key, the stream and its position alone,
//! and the same ones give the same numbers on every machine.

use super::normal::standard_normal;
use super::simd::vectorized;
use crate::base::real::Real;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// The elements that are drawn at a time.
const BLOCK: usize = 256;

/// The odd number next to 2⁶⁴/φ, φ the golden ratio.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Where the lower halves begin: in the middle of the stream of 2⁶⁸ words.
const LOWER: u128 = 1 << 67;

/// Fills `output` with random bits: element i is bᵢ, 64 independent bits that are 0 or 1 with equal probability. Different
/// streams of a key are independent, and so are different keys.
///
/// Source of the generator: Bernstein, "ChaCha, a variant of Salsa20" (2008).
///
/// ```
/// use autodiff::kernels::bits;
/// let (mut two, mut three) = ([0; 2], [0; 3]);
/// bits(7, 0, &mut two);
/// bits(7, 0, &mut three);
/// assert_eq!(two, three[..2]);
/// ```
pub fn bits(key: u64, stream: u64, output: &mut [u64]) {
    draw(key, stream, output, |b| b);
}

/// Fills `output` with numbers uniform on [0, 1): y = ⌊b/2¹¹⌋/2⁵³ in double precision and ⌊b/2⁴⁰⌋/2²⁴ in single, the
/// multiples of 2⁻⁵³ or 2⁻²⁴ with equal probability. In single precision y is that of double precision rounded down, so a
/// comparison with a multiple of 2⁻²⁴ has the same result in both.
///
/// ```
/// let (mut single, mut double) = ([0.0_f32; 3], [0.0_f64; 3]);
/// autodiff::kernels::uniform(7, 0, &mut single);
/// autodiff::kernels::uniform(7, 0, &mut double);
/// assert!(single.iter().zip(&double).all(|(s, d)| f64::from(*s) <= *d && *d < f64::from(*s) + 6e-8));
/// ```
pub fn uniform<F: Real>(key: u64, stream: u64, output: &mut [F]) {
    if size_of::<F>() == size_of::<f32>() {
        // The lower half is not wanted and takes no time.
        let mut words = words(key, stream, 0);
        let mut bytes = [0; 4 * BLOCK];
        for output in output.chunks_mut(BLOCK) {
            let bytes = &mut bytes[..4 * output.len()];
            words.fill_bytes(bytes);
            units(output, bytes.as_chunks::<4>().0);
        }
    } else {
        draw(key, stream, output, |b| F::of((b >> 11) as i64 as f64 * (1.0 / (1u64 << 53) as f64)));
    }
}

/// Fills `output` with numbers uniform on (0, 1): y = (b + ½)/2⁶⁴, rounded to the nearest number that is less than 1. None
/// is 0, and the smallest, 2⁻⁶⁵, is as small in single precision: transforms that need a logarithm, such as the
/// exponential distribution's −log y, have tails up to 45.
///
/// ```
/// let mut y = [0.0; 100];
/// autodiff::kernels::uniform_open(7, 0, &mut y);
/// assert!(y.iter().all(|y: &f64| -y.ln() > 0.0 && y.ln().is_finite()));
/// ```
pub fn uniform_open<F: Real>(key: u64, stream: u64, output: &mut [F]) {
    draw(key, stream, output, |b| below_one(open(b)));
}

/// Fills `output` with numbers of the standard normal distribution, of mean 0 and variance 1: y = Φ⁻¹((b + ½)/2⁶⁴), Φ the
/// distribution function, computed in double precision, near 0 and in the tails with the same relative error. The largest is 9.16; the
/// distribution is symmetric exactly, as b and its complement give y and −y.
///
/// Source of the rational functions: Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution" (1988).
///
/// ```
/// let mut y = [0.0; 10_000];
/// autodiff::kernels::normal(7, 0, &mut y);
/// let mean = y.iter().sum::<f64>() / 1e4;
/// assert!(mean.abs() < 0.05);
/// ```
pub fn normal<F: Real>(key: u64, stream: u64, output: &mut [F]) {
    draw(key, stream, output, |b| F::of(standard_normal(b)));
}

/// The key that belongs to `index` among those derived from `key`: of step t, of layer n. Different indices give different
/// keys; different keys with any indices give keys that coincide as rarely as random ones do. To derive a key from several
/// indices, fold in one after the other.
///
/// With m the mixing function of SplitMix64, a one-to-one map of the integers below 2⁶⁴, it is m(m(key + γ) + γ·index),
/// modulo 2⁶⁴, for the odd number γ next to 2⁶⁴/φ, φ the golden ratio.
///
/// Source: Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators" (2014); the mixing function is its
/// `mix64variant13`, by David Stafford.
///
/// ```
/// use autodiff::kernels::fold_in;
/// assert_eq!(fold_in(7, 0), fold_in(7, 0));
/// assert_ne!(fold_in(7, 0), fold_in(7, 1));
/// assert_ne!(fold_in(fold_in(7, 0), 1), fold_in(fold_in(7, 1), 0));
/// ```
pub fn fold_in(key: u64, index: u64) -> u64 {
    let mix = |z: u64| {
        let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    };
    mix(mix(key.wrapping_add(GAMMA)).wrapping_add(GAMMA.wrapping_mul(index)))
}

/// The number nearest to `x` that is less than 1.
fn below_one<F: Real>(x: f64) -> F {
    F::of(x).min(F::one() - F::epsilon() / F::of(2.0))
}

/// (b + ½)/2⁶⁴, to the nearest number of double precision.
pub(super) fn open(b: u64) -> f64 {
    (b as f64 + 0.5) * (1.0 / (1u128 << 64) as f64)
}

vectorized! {
    /// ⌊w/2⁸⌋/2²⁴ for each word w. As an integer with a sign, which more machines can convert.
    fn units(output: &mut [F], words: &[[u8; 4]]) {
        for (y, word) in output.iter_mut().zip(words) {
            *y = F::of(f64::from((u32::from_le_bytes(*word) >> 8) as i32) * (1.0 / (1u64 << 24) as f64));
        }
    }
}

/// The words of the stream from this one on.
fn words(key: u64, stream: u64, first: u128) -> ChaCha8Rng {
    let mut words = ChaCha8Rng::seed_from_u64(key);
    words.set_stream(stream);
    words.set_word_pos(first);
    words
}

/// Fills `output` with f(bᵢ).
fn draw<T>(key: u64, stream: u64, output: &mut [T], f: impl Fn(u64) -> T) {
    let [mut upper_words, mut lower_words] = [0, LOWER].map(|first| words(key, stream, first));
    let mut bytes = [[0; 4 * BLOCK]; 2];
    for output in output.chunks_mut(BLOCK) {
        let [high, low] = bytes.each_mut().map(|bytes| &mut bytes[..4 * output.len()]);
        upper_words.fill_bytes(high);
        lower_words.fill_bytes(low);
        let halves = high.as_chunks::<4>().0.iter().zip(low.as_chunks::<4>().0);
        for (y, halves) in output.iter_mut().zip(halves) {
            let (high, low) = (u32::from_le_bytes(*halves.0), u32::from_le_bytes(*halves.1));
            *y = f(u64::from(high) << 32 | u64::from(low));
        }
    }
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    use super::*;
    use std::collections::HashSet;

    /// Enough for the statistics; few under Miri, where each takes its time.
    const COUNT: usize = if cfg!(miri) { 300 } else { 200_000 };

    fn drawn<F: Real>(draw: impl Fn(u64, u64, &mut [F]), stream: u64) -> Vec<F> {
        let mut y = vec![F::nan(); COUNT];
        draw(7, stream, &mut y);
        y
    }

    /// The Kolmogorov–Smirnov statistic √n·sup|Fₙ − F|: above 1.95 once in a thousand times.
    fn distance(mut y: Vec<f64>, distribution: impl Fn(f64) -> f64) -> f64 {
        y.sort_by(f64::total_cmp);
        let n = y.len() as f64;
        let gap = |(i, y): (usize, &f64)| {
            let (below, p) = (i as f64 / n, distribution(*y));
            (p - below).abs().max((below + 1.0 / n - p).abs())
        };
        y.iter().enumerate().map(gap).fold(0.0, f64::max) * n.sqrt()
    }

    fn moment(y: &[f64], power: i32) -> f64 {
        y.iter().map(|y| y.powi(power)).sum::<f64>() / y.len() as f64
    }

    fn an_element_depends_on_key_stream_and_position_alone() {
        let mut all = vec![0; 1000];
        bits(3, 4, &mut all);
        for length in [0, 1, 255, 256, 257, 513] {
            let mut some = vec![0; length];
            bits(3, 4, &mut some);
            assert_eq!(some, all[..length]);
        }
        for (key, stream) in [(3, 5), (4, 4), (4, 3)] {
            let mut other = vec![0; 1000];
            bits(key, stream, &mut other);
            assert!(all.iter().zip(&other).all(|(a, b)| a != b && *a as u32 != *b as u32), "{key}, {stream}");
        }
        let halves: HashSet<u32> = all.iter().flat_map(|b| [*b as u32, (*b >> 32) as u32]).collect();
        assert!(halves.len() > 1990, "the halves of the bits repeat");
    }

    fn each_bit_is_set_half_of_the_time() {
        let mut all = vec![0; COUNT];
        bits(11, 0, &mut all);
        for place in 0..64 {
            let set = all.iter().filter(|b| *b >> place & 1 == 1).count() as f64;
            // Five standard deviations.
            assert!((set - COUNT as f64 / 2.0).abs() < 2.5 * (COUNT as f64).sqrt(), "bit {place}: {set}");
        }
    }

    fn uniform_numbers_are_the_leading_bits() {
        let mut all = vec![0; 1000];
        bits(5, 6, &mut all);
        let (mut single, mut double, mut open) = (vec![0.0_f32; 1000], vec![0.0_f64; 1000], vec![0.0_f32; 1000]);
        uniform(5, 6, &mut single);
        uniform(5, 6, &mut double);
        uniform_open(5, 6, &mut open);
        for (i, b) in all.into_iter().enumerate() {
            assert_eq!(f64::from(single[i]) * 2f64.powi(24), (b >> 40) as f64);
            assert_eq!(double[i] * 2f64.powi(53), (b >> 11) as f64);
            assert!((f64::from(open[i]) - double[i]).abs() < 1e-7);
        }
    }

    fn uniform_numbers_are_uniform() {
        for y in [drawn(uniform::<f64>, 0), drawn(uniform_open::<f64>, 1)] {
            assert!(y.iter().all(|y| (0.0..1.0).contains(y)));
            assert!(distance(y, |y| y) < 1.95);
        }
    }

    fn an_open_interval_has_no_ends() {
        assert_eq!(below_one::<f64>(open(0)), 2f64.powi(-65));
        assert_eq!(below_one::<f32>(open(0)), 2f32.powi(-65));
        assert_eq!(below_one::<f64>(open(u64::MAX)), 1.0f64.next_down());
        assert_eq!(below_one::<f32>(open(u64::MAX)), 1.0f32.next_down());
        let y = drawn(uniform_open::<f32>, 2);
        assert!(y.iter().all(|y| 0.0 < *y && *y < 1.0));
    }

    fn normal_numbers_are_normal() {
        let y = drawn(normal::<f64>, 0);
        let n = COUNT as f64;
        // Five standard deviations of each moment's estimate: the variances are 1/n, 2/n, 15/n and 96/n.
        for (power, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
            let moment = moment(&y, power);
            assert!((moment - expected).abs() < 5.0 * f64::sqrt(variance / n), "moment {power}: {moment}");
        }
        let products: Vec<f64> = y.windows(2).map(|pair| pair[0] * pair[1]).collect();
        assert!(moment(&products, 1).abs() < 5.0 / n.sqrt(), "neighbours are correlated");
        assert!(distance(y, crate::kernels::normal::tests::distribution) < 1.95);
    }

    fn single_precision_is_double_precision_rounded() {
        let (single, double) = (drawn(normal::<f32>, 3), drawn(normal::<f64>, 3));
        assert!(single.iter().zip(&double).all(|(s, d)| *s == *d as f32));
    }

    fn folding_in_makes_keys_that_differ() {
        let side = if cfg!(miri) { 20 } else { 1000 };
        // Keys that follow each other, and keys as far apart as the indices become.
        for apart in [1, GAMMA] {
            let key = |a: u64| apart.wrapping_mul(a);
            let pairs: HashSet<u64> = (0..side).flat_map(|a| (0..side).map(move |i| fold_in(key(a), i))).collect();
            assert_eq!(pairs.len() as u64, side * side);
        }
        let indices: HashSet<u64> = (0..side * side).map(|i| fold_in(7, i)).collect();
        assert_eq!(indices.len() as u64, side * side);
    }

    fn each_bit_that_is_folded_in_changes_half_of_the_bits() {
        for place in 0..64 {
            let (mut by_key, mut by_index) = (0, 0);
            for i in 0..200 {
                let (key, index) = (fold_in(1, i), fold_in(2, i) >> (i % 60));
                let here = fold_in(key, index);
                by_key += (here ^ fold_in(key ^ 1 << place, index)).count_ones();
                by_index += (here ^ fold_in(key, index ^ 1 << place)).count_ones();
            }
            // Of 12,800 bits, six standard deviations around the half.
            for changed in [by_key, by_index] {
                assert!((6060..6740).contains(&changed), "bit {place}: {changed}");
            }
        }
    }

    /// With the key of which the inner mixing is 0, index n gives number n of SplitMix64 that begins with 0.
    ///
    /// Source of the numbers: S. Vigna's `splitmix64.c` (2015), run with the state 0.
    fn indices_of_one_key_are_the_numbers_of_splitmix64() {
        let numbers = [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f, 0xf88b_b8a8_724c_81ec_u64];
        assert_eq!([1, 2, 3, 4].map(|n| fold_in(GAMMA.wrapping_neg(), n)), numbers);
    }

    self_tests!(
        indices_of_one_key_are_the_numbers_of_splitmix64,
        an_element_depends_on_key_stream_and_position_alone,
        each_bit_is_set_half_of_the_time,
        uniform_numbers_are_the_leading_bits,
        uniform_numbers_are_uniform,
        an_open_interval_has_no_ends,
        normal_numbers_are_normal,
        single_precision_is_double_precision_rounded,
        folding_in_makes_keys_that_differ,
        each_bit_that_is_folded_in_changes_half_of_the_bits,
    );
}
