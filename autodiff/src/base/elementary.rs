//! Elementary functions whose bodies a compiler can turn into vector code: no calls, no branches.
//!
//! Each is a reduction of the argument, a polynomial, and a reconstruction, written with fused multiply-adds, which are
//! exact to the last bit with or without hardware for them. So the same numbers come out one at a time or sixteen at a
//! time. The coefficients are minimax polynomials (Remez exchange in 60 digits) of the functions named beside them;
//! the measured errors stand in `tests/primitives/elementary.rs`.
//!
//! On machines for which fused multiply-adds are not the rule, the functions of the standard library serve.

use crate::base::error_function;
use crate::base::real::FUSED;

/// Elementary functions, for the bodies of kernels. Sealed with [`Real`](crate::Real).
pub trait Elementary: Copy {
    /// eˣ, to 1 unit in the last place.
    fn exponential(self) -> Self;
    /// eˣ where [`exp_is_normal`](Self::exp_is_normal): [`exponential`](Self::exponential), without a look at anything else.
    fn exponential_if_normal(self) -> Self;
    /// Whether eˣ neither overflows nor underflows.
    fn exp_is_normal(self) -> bool;
    /// log x, to 1 unit in the last place; −∞ at 0, NaN below.
    fn logarithm(self) -> Self;
    /// Whether this is a positive normal number.
    fn is_positive_normal(self) -> bool;
    /// log x where [`is_positive_normal`](Self::is_positive_normal): [`logarithm`](Self::logarithm), without a look at
    /// anything else.
    fn logarithm_of_normal(self) -> Self;
    /// tanh x, to 2.5 units in the last place.
    fn hyperbolic_tangent(self) -> Self;
    /// erf x; in single precision to 1.5 units in the last place.
    fn error_function(self) -> Self;
    /// 1 − erf x, also where that is small; in single precision to 7.5 units in the last place.
    fn error_function_complement(self) -> Self;
}

macro_rules! elementary {
    (
        $type:ident, $bits:ident, $signed:ident, mantissa: $mantissa:literal,
        magic: $magic:literal, ln2: ($hi:literal, $lo:literal),
        range: ($low:literal, $high:literal), moderate: $moderate:literal, flat: $flat:literal,
        root_half: $root_half:literal, subnormal: ($lift:literal, $lifted:literal),
        exp: [$($e:literal),*],
        log: $log:ident
    ) => {
        mod $type {
            use std::$type::consts::{LN_2, LOG2_E};

            /// Adding this rounds to an integer, which then stands in the low bits.
            const MAGIC: $type = $magic;

            /// c₀ + c₁x + c₂x² + … by pairs, with x² given: no more steps than in Horner's scheme, and half as many that wait
            /// for one another.
            #[inline(always)]
            pub(super) fn polynomial<const N: usize>(x: $type, square: $type, c: [$type; N]) -> $type {
                let pairs = c.chunks(2).map(|pair| match *pair {
                    [c, d] => x.mul_add(d, c),
                    _ => pair.iter().sum(),
                });
                pairs.rev().reduce(|y, pair| y.mul_add(square, pair)).unwrap_or(0.0)
            }

            /// x = k·ln 2 + r with |r| ≤ ½ ln 2: (a number whose low bits are k, expm1(r)).
            #[inline(always)]
            fn reduced(x: $type) -> ($type, $type) {
                let shifted = x.mul_add(LOG2_E, MAGIC);
                let k = shifted - MAGIC;
                // ln 2 in two parts, the first with so few bits that k times it is exact.
                (shifted, expm1((-k).mul_add($lo, (-k).mul_add($hi, x))))
            }

            /// expm1(r) for |r| ≤ ½ ln 2.
            #[inline(always)]
            fn expm1(r: $type) -> $type {
                // expm1(r) = r + r²·q(r), q(r) = (eʳ − 1 − r)/r².
                let square = r * r;
                polynomial(r, square, [$($e),*]).mul_add(square, r)
            }

            /// x·2ᵏ where both are normal numbers: k is added to the exponent. Its bits beyond an exponent's are lost.
            #[inline(always)]
            fn scaled(x: $type, k: $bits) -> $type {
                $type::from_bits(x.to_bits().wrapping_add(k << $mantissa))
            }

            #[inline(always)]
            pub(super) fn exp_is_normal(x: $type) -> bool {
                x.abs() < $moderate
            }

            #[inline(always)]
            pub(super) fn exponential_if_normal(x: $type) -> $type {
                let (k, m) = reduced(x);
                scaled(m + 1.0, k.to_bits())
            }

            #[inline(always)]
            pub(super) fn exponential(x: $type) -> $type {
                // Beyond these the result is 0 or ∞; a NaN passes both comparisons. A 0 is not computed: many machines take a
                // hundred times as long for a product that underflows.
                let vanishes = x < $low;
                let x = if vanishes { 0.0 } else { x };
                let x = if x > $high { $high } else { x };
                let (k, m) = reduced(x);
                // In two factors, so that a subnormal result is rounded once and an overflow is ∞.
                let k = (k.to_bits() as $signed).wrapping_sub(MAGIC.to_bits() as $signed);
                let half = k >> 1;
                let y = (m + 1.0) * scaled(1.0, half as $bits) * scaled(1.0, k.wrapping_sub(half) as $bits);
                if vanishes { 0.0 } else { y }
            }

            #[inline(always)]
            pub(super) fn hyperbolic_tangent(x: $type) -> $type {
                // tanh a = e/(e + 2) = 1 − 2/(e + 2) with e = expm1(2a), the second where the quotient is below ½ and rounds to
                // less: 1 − y² has more digits then. From `flat` on it rounds to 1.
                let a = x.abs();
                let a = if a > $flat { $flat } else { a };
                let twice = a + a;
                let k = twice.mul_add(LOG2_E, MAGIC);
                // Where k is large e hardly matters, so ln 2 as one number will do.
                let m = expm1((k - MAGIC).mul_add(-LN_2, twice));
                let scale = scaled(1.0, k.to_bits());
                let e = scale.mul_add(m, scale - 1.0);
                let (base, over) = if e > 2.0 { (1.0, -2.0) } else { (0.0, e) };
                (base + over / (e + 2.0)).copysign(x)
            }

            /// x = 2ᵏ·(1 + f) with 1 + f in [√½, √2).
            #[inline(always)]
            fn split(x: $type) -> ($type, $type) {
                let bits = x.to_bits() as $signed;
                let k = bits.wrapping_sub($root_half) >> $mantissa;
                (k as $type, $type::from_bits(bits.wrapping_sub(k << $mantissa) as $bits) - 1.0)
            }

            #[inline(always)]
            pub(super) fn is_positive_normal(x: $type) -> bool {
                // One comparison: what is smaller than the least such number wraps around.
                const LEAST: $bits = $type::MIN_POSITIVE.to_bits();
                x.to_bits().wrapping_sub(LEAST) < $type::INFINITY.to_bits() - LEAST
            }

            #[inline(always)]
            pub(super) fn logarithm_of_normal(x: $type) -> $type {
                let (k, f) = split(x);
                super::$log(f, k, $hi, $lo)
            }

            #[inline(always)]
            pub(super) fn logarithm(x: $type) -> $type {
                // A subnormal is lifted first.
                let small = x < $type::MIN_POSITIVE;
                let (k, f) = split(if small { x * $lift } else { x });
                let k = k - if small { $lifted } else { 0.0 };
                let y = super::$log(f, k, $hi, $lo);
                let y = if x == $type::INFINITY { x } else { y };
                let y = if x == 0.0 { $type::NEG_INFINITY } else { y };
                if x < 0.0 || x.is_nan() { $type::NAN } else { y }
            }
        }

        impl Elementary for $type {
            #[inline(always)]
            fn error_function(self) -> Self {
                error_function::$type::erf(self)
            }

            #[inline(always)]
            fn error_function_complement(self) -> Self {
                error_function::$type::erfc(self)
            }

            #[inline(always)]
            fn exponential(self) -> Self {
                if FUSED { $type::exponential(self) } else { self.exp() }
            }

            #[inline(always)]
            fn logarithm(self) -> Self {
                if FUSED { $type::logarithm(self) } else { self.ln() }
            }

            #[inline(always)]
            fn exponential_if_normal(self) -> Self {
                if FUSED { $type::exponential_if_normal(self) } else { self.exp() }
            }

            #[inline(always)]
            fn exp_is_normal(self) -> bool {
                $type::exp_is_normal(self)
            }

            #[inline(always)]
            fn is_positive_normal(self) -> bool {
                $type::is_positive_normal(self)
            }

            #[inline(always)]
            fn logarithm_of_normal(self) -> Self {
                if FUSED { $type::logarithm_of_normal(self) } else { self.ln() }
            }

            #[inline(always)]
            fn hyperbolic_tangent(self) -> Self {
                if FUSED { $type::hyperbolic_tangent(self) } else { self.tanh() }
            }
        }
    };
}

elementary! {
    f32, u32, i32, mantissa: 23,
    magic: 12_582_912.0, ln2: (0.693_359_4, -2.121_944_4e-4), range: (-105.0, 90.0), moderate: 87.0, flat: 9.5,
    root_half: 0x3f35_04f3, subnormal: (8_388_608.0, 23.0),
    exp: [0.5, 0.166_666_66, 0.041_666_295, 0.008_333_498, 0.001_394_475_8, 0.000_197_902_73],
    log: log_single
}

elementary! {
    f64, u64, i64, mantissa: 52,
    magic: 6_755_399_441_055_744.0, ln2: (0.693_147_180_369_123_8, 1.908_214_929_270_587_7e-10),
    range: (-746.0, 710.0), moderate: 708.0, flat: 20.0,
    root_half: 0x3fe6_a09e_667f_3bcd, subnormal: (4_503_599_627_370_496.0, 52.0),
    exp: [
        0.5, 0.166_666_666_666_666_82, 0.041_666_666_666_666_09, 0.008_333_333_333_316_921, 0.001_388_888_888_911_732_6,
        0.000_198_412_698_966_703_52, 2.480_158_692_444_942_6e-5, 2.755_723_456_906_284e-6, 2.755_758_294_803_216_7e-7,
        2.511_214_104_280_932_2e-8, 2.082_648_465_779_332e-9
    ],
    log: log_double
}

/// The polynomial of these coefficients, the constant first.
#[inline(always)]
pub(super) fn polynomial<const N: usize>(x: f32, c: [f32; N]) -> f32 {
    f32::polynomial(x, x * x, c)
}

/// k·ln 2 + log(1 + f) as f + f²·p(f), smallest terms first.
#[inline(always)]
fn log_single(f: f32, k: f32, hi: f32, lo: f32) -> f32 {
    const P: [f32; 10] = [
        -0.5,
        0.333_333_13,
        -0.250_000_1,
        0.200_021_2,
        -0.166_679_96,
        0.142_195_55,
        -0.124_055_89,
        0.118_881_45,
        -0.116_756_4,
        0.067_466_63,
    ];
    let square = f * f;
    let p = f32::polynomial(f, square, P);
    k.mul_add(hi, p.mul_add(square, k * lo) + f)
}

/// k·ln 2 + log(1 + f) by s = f/(2 + f): log(1 + f) = f − (f²/2 − s·(f²/2 + R)), R = s²·p(s²).
#[inline(always)]
fn log_double(f: f64, k: f64, hi: f64, lo: f64) -> f64 {
    const P: [f64; 8] = [
        0.666_666_666_666_666_6,
        0.400_000_000_000_062_4,
        0.285_714_285_690_872_04,
        0.222_222_226_465_887_27,
        0.181_817_756_827_056_34,
        0.153_870_899_868_942_48,
        0.132_501_358_559_000_4,
        0.132_511_652_873_252_93,
    ];
    let s = f / (2.0 + f);
    let z = s * s;
    let p = f64::polynomial(z, z * z, P);
    let half = 0.5 * f * f;
    let tail = s.mul_add(z.mul_add(p, half), k * lo);
    k.mul_add(hi, f - (half - tail))
}
