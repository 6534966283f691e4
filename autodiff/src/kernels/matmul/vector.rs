//! Vectors of the machine, as few operations as a product needs. A loop over an array of lanes is left to the compiler's
//! taste, and its taste under AVX-512 is thirty times too slow; so the loops are written with these.

use crate::base::real::FUSED;

/// A number the products are written for: `f32` and `f64`, which is what [`Real`](crate::Real) is sealed to.
pub(super) trait Number: Copy + std::ops::Add<Output = Self> {
    const ZERO: Self;

    /// self·x + y: rounded once where multiply-adds are fused by hardware, twice elsewhere.
    fn multiply_add(self, x: Self, y: Self) -> Self;
}

macro_rules! number {
    ($type:ident) => {
        impl Number for $type {
            const ZERO: Self = 0.0;

            #[inline(always)]
            fn multiply_add(self, x: Self, y: Self) -> Self {
                if FUSED { self.mul_add(x, y) } else { self * x + y }
            }
        }
    };
}

number!(f32);
number!(f64);

/// A vector of [`Lanes::COUNT`] numbers.
///
/// # Safety
/// All methods: the machine has the instructions of the type, and pointers are valid for the elements they name. They are
/// inlined into functions that are compiled for those instructions.
pub(super) trait Lanes: Copy {
    type Number: Number;
    /// The first so many lanes.
    type Mask: Copy;
    const COUNT: usize;
    /// The side of the squares that [`transpose`](Lanes::transpose) moves.
    const SQUARE: usize;

    /// The first `count` lanes, 1 ≤ `count` ≤ [`Lanes::COUNT`].
    unsafe fn first(count: usize) -> Self::Mask;
    unsafe fn splat(x: Self::Number) -> Self;
    unsafe fn load(from: *const Self::Number) -> Self;
    /// Zero outside of `mask`, where no memory is read.
    unsafe fn load_first(from: *const Self::Number, mask: Self::Mask) -> Self;
    unsafe fn store(self, to: *mut Self::Number);
    unsafe fn store_first(self, to: *mut Self::Number, mask: Self::Mask);
    /// `x` in the lanes of `mask`, `self` in the others.
    unsafe fn replace_first(self, x: Self, mask: Self::Mask) -> Self;
    unsafe fn add(self, x: Self) -> Self;
    /// self·x + y
    unsafe fn multiply_add(self, x: Self, y: Self) -> Self;
    /// The sum of all lanes in pairs: l and l + COUNT/2, then halves again.
    unsafe fn sum(self) -> Self::Number;
    /// `to[j·to_row + i] = from[i·from_row + j]` for i, j < SQUARE.
    unsafe fn transpose(from: *const Self::Number, from_row: usize, to: *mut Self::Number, to_row: usize);
}

/// Four lanes in the instructions every machine of the architecture has.
#[derive(Clone, Copy)]
pub(super) struct Portable<F>([F; 4]);

impl<F: Number> Lanes for Portable<F> {
    type Number = F;
    type Mask = usize;
    const COUNT: usize = 4;
    const SQUARE: usize = 1;

    #[inline(always)]
    unsafe fn first(count: usize) -> usize {
        count
    }
    #[inline(always)]
    unsafe fn splat(x: F) -> Self {
        Portable([x; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const F) -> Self {
        // SAFETY: the caller's: four elements.
        Portable(unsafe { from.cast::<[F; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn load_first(from: *const F, count: usize) -> Self {
        // SAFETY: the caller's: `count` elements.
        Portable(std::array::from_fn(|i| if i < count { unsafe { *from.add(i) } } else { F::ZERO }))
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut F) {
        // SAFETY: the caller's: four elements.
        unsafe { to.cast::<[F; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut F, count: usize) {
        for (i, x) in self.0.into_iter().enumerate().take(count) {
            // SAFETY: the caller's: `count` elements.
            unsafe { *to.add(i) = x }
        }
    }
    #[inline(always)]
    unsafe fn replace_first(self, x: Self, count: usize) -> Self {
        Portable(std::array::from_fn(|i| if i < count { x.0[i] } else { self.0[i] }))
    }
    #[inline(always)]
    unsafe fn add(self, x: Self) -> Self {
        Portable(std::array::from_fn(|i| self.0[i] + x.0[i]))
    }
    #[inline(always)]
    unsafe fn multiply_add(self, x: Self, y: Self) -> Self {
        Portable(std::array::from_fn(|i| self.0[i].multiply_add(x.0[i], y.0[i])))
    }
    #[inline(always)]
    unsafe fn sum(self) -> F {
        (self.0[0] + self.0[2]) + (self.0[1] + self.0[3])
    }
    #[inline(always)]
    unsafe fn transpose(from: *const F, _: usize, to: *mut F, _: usize) {
        // SAFETY: the caller's: one element each.
        unsafe { *to = *from }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::Lanes;
    use std::arch::x86_64::*;

    macro_rules! lanes {
        (
            $vector:ident of $count:literal $number:ident, mask: $mask:ident, $first:expr, square: $square:literal,
            $splat:ident $load:ident $load_first:expr, $store:ident $store_first:expr, $replace:expr,
            $add:ident $fma:ident, sum: $sum:expr, transpose: $transpose:ident
        ) => {
            impl Lanes for $vector {
                type Number = $number;
                type Mask = $mask;
                const COUNT: usize = $count;
                const SQUARE: usize = $square;

                // SAFETY, of all below: the caller's, that the machine has the instructions and the elements exist.
                #[inline(always)]
                unsafe fn first(count: usize) -> $mask {
                    $first(count)
                }
                #[inline(always)]
                unsafe fn splat(x: $number) -> Self {
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: *const $number) -> Self {
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn load_first(from: *const $number, mask: $mask) -> Self {
                    unsafe { $load_first(from, mask) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $number) {
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn store_first(self, to: *mut $number, mask: $mask) {
                    unsafe { $store_first(to, mask, self) }
                }
                #[inline(always)]
                unsafe fn replace_first(self, x: Self, mask: $mask) -> Self {
                    unsafe { $replace(self, x, mask) }
                }
                #[inline(always)]
                unsafe fn add(self, x: Self) -> Self {
                    unsafe { $add(self, x) }
                }
                #[inline(always)]
                unsafe fn multiply_add(self, x: Self, y: Self) -> Self {
                    unsafe { $fma(self, x, y) }
                }
                #[inline(always)]
                unsafe fn sum(self) -> $number {
                    unsafe { $sum(self) }
                }
                #[inline(always)]
                unsafe fn transpose(from: *const $number, from_row: usize, to: *mut $number, to_row: usize) {
                    unsafe { $transpose(from, from_row, to, to_row) }
                }
            }
        };
    }

    lanes! {
        __m512 of 16 f32, mask: __mmask16, |count| ((1u32 << count) - 1) as __mmask16, square: 8,
        _mm512_set1_ps _mm512_loadu_ps |from, mask| _mm512_maskz_loadu_ps(mask, from),
        _mm512_storeu_ps _mm512_mask_storeu_ps, |old, new, mask| _mm512_mask_blend_ps(mask, old, new),
        _mm512_add_ps _mm512_fmadd_ps,
        sum: |x| _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps::<1>(x)).sum(),
        transpose: squares_single
    }

    lanes! {
        __m512d of 8 f64, mask: __mmask8, |count| ((1u32 << count) - 1) as __mmask8, square: 4,
        _mm512_set1_pd _mm512_loadu_pd |from, mask| _mm512_maskz_loadu_pd(mask, from),
        _mm512_storeu_pd _mm512_mask_storeu_pd, |old, new, mask| _mm512_mask_blend_pd(mask, old, new),
        _mm512_add_pd _mm512_fmadd_pd,
        sum: |x| _mm256_add_pd(_mm512_castpd512_pd256(x), _mm512_extractf64x4_pd::<1>(x)).sum(),
        transpose: squares_double
    }

    lanes! {
        __m256 of 8 f32, mask: __m256i, first_of_8, square: 8,
        _mm256_set1_ps _mm256_loadu_ps _mm256_maskload_ps, _mm256_storeu_ps _mm256_maskstore_ps,
        |old, new, mask| _mm256_blendv_ps(old, new, _mm256_castsi256_ps(mask)),
        _mm256_add_ps _mm256_fmadd_ps,
        sum: |x| {
            let quarter = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
            let pair = _mm_add_ps(quarter, _mm_movehl_ps(quarter, quarter));
            _mm_cvtss_f32(_mm_add_ss(pair, _mm_movehdup_ps(pair)))
        },
        transpose: squares_single
    }

    lanes! {
        __m256d of 4 f64, mask: __m256i, first_of_4, square: 4,
        _mm256_set1_pd _mm256_loadu_pd _mm256_maskload_pd, _mm256_storeu_pd _mm256_maskstore_pd,
        |old, new, mask| _mm256_blendv_pd(old, new, _mm256_castsi256_pd(mask)),
        _mm256_add_pd _mm256_fmadd_pd,
        sum: |x| {
            let pair = _mm_add_pd(_mm256_castpd256_pd128(x), _mm256_extractf128_pd::<1>(x));
            _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)))
        },
        transpose: squares_double
    }

    #[inline(always)]
    fn first_of_8(count: usize) -> __m256i {
        const ONES: [i32; 16] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];
        // SAFETY: 1 ≤ count ≤ 8, so eight of the sixteen follow; AVX is the caller's.
        unsafe { _mm256_loadu_si256(ONES.as_ptr().add(8 - count).cast()) }
    }

    #[inline(always)]
    fn first_of_4(count: usize) -> __m256i {
        const ONES: [i64; 8] = [-1, -1, -1, -1, 0, 0, 0, 0];
        // SAFETY: 1 ≤ count ≤ 4, so four of the eight follow; AVX is the caller's.
        unsafe { _mm256_loadu_si256(ONES.as_ptr().add(4 - count).cast()) }
    }

    /// An 8 × 8 square: rows i and i + 4 share a vector, so that no number has to cross its middle afterwards.
    #[inline(always)]
    unsafe fn squares_single(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
        for half in [0, 4] {
            // SAFETY: the caller's: eight rows of eight elements on both sides, and AVX.
            unsafe {
                let row = |i: usize| {
                    let top = _mm256_castps128_ps256(_mm_loadu_ps(from.add(i * from_row + half)));
                    _mm256_insertf128_ps::<1>(top, _mm_loadu_ps(from.add((i + 4) * from_row + half)))
                };
                let (r0, r1, r2, r3) = (row(0), row(1), row(2), row(3));
                let (a, b) = (_mm256_unpacklo_ps(r0, r1), _mm256_unpackhi_ps(r0, r1));
                let (c, d) = (_mm256_unpacklo_ps(r2, r3), _mm256_unpackhi_ps(r2, r3));
                let to = to.add(half * to_row);
                _mm256_storeu_ps(to, _mm256_shuffle_ps::<0x44>(a, c));
                _mm256_storeu_ps(to.add(to_row), _mm256_shuffle_ps::<0xee>(a, c));
                _mm256_storeu_ps(to.add(2 * to_row), _mm256_shuffle_ps::<0x44>(b, d));
                _mm256_storeu_ps(to.add(3 * to_row), _mm256_shuffle_ps::<0xee>(b, d));
            }
        }
    }

    /// A 4 × 4 square: rows i and i + 2 share a vector.
    #[inline(always)]
    unsafe fn squares_double(from: *const f64, from_row: usize, to: *mut f64, to_row: usize) {
        for half in [0, 2] {
            // SAFETY: the caller's: four rows of four elements on both sides, and AVX.
            unsafe {
                let row = |i: usize| {
                    let top = _mm256_castpd128_pd256(_mm_loadu_pd(from.add(i * from_row + half)));
                    _mm256_insertf128_pd::<1>(top, _mm_loadu_pd(from.add((i + 2) * from_row + half)))
                };
                let (r0, r1) = (row(0), row(1));
                let to = to.add(half * to_row);
                _mm256_storeu_pd(to, _mm256_unpacklo_pd(r0, r1));
                _mm256_storeu_pd(to.add(to_row), _mm256_unpackhi_pd(r0, r1));
            }
        }
    }
}
