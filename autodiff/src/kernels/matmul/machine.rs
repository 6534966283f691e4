//! The innermost loops compiled for each machine, under one interface.

use super::micro::{self, Panel, Rows, Tile};
use super::shifts::{self, Products, Shifted, TAPS};
use super::vector::{Lanes, Number, Portable};
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as x86;

/// A set of vector instructions.
///
/// # Safety
/// All functions: the machine has the instructions, and the elements that the argument names exist.
pub(super) trait Machine<F> {
    /// The numbers of a vector.
    const LANES: usize;
    /// The rows and the vectors of the largest tile: its sums, a row of b and one element of a fill the registers.
    const ROWS: usize;
    const VECTORS: usize;
    /// The most rows of a tile of sums of shifts that has room for more vectors, and how many those are.
    const FEW: usize;
    const VECTORS_OF_FEW: usize;
    /// The most vectors of a tile of sums of shifts.
    const VECTORS_OF_SUMS: usize;
    /// The vectors of a tile of one row.
    const WIDE: usize = 8;

    /// [`micro::tile`] for `rows` ≤ ROWS and `vectors` ≤ VECTORS, or one row and WIDE vectors.
    unsafe fn tile(rows: usize, vectors: usize, tile: &Tile<F>);
    /// [`shifts::shifted`] for `rows` ≤ FEW and `vectors` ≤ VECTORS_OF_FEW, or `rows` ≤ ROWS and `vectors` ≤ VECTORS_OF_SUMS.
    unsafe fn shifted(rows: usize, vectors: usize, tile: &Shifted<'_, F>);
    /// [`shifts::products`] for as many rows and shifts as go at once, at most so many: how many it was.
    unsafe fn products(rows: usize, taps: usize, products: &Products<F>) -> (usize, usize);
    /// [`micro::pack`]
    unsafe fn pack(panel: &Panel<F>);
    /// [`micro::dots`] for as many rows as go at once, at most `count`: how many it was.
    unsafe fn dots(rows: &Rows<F>, count: usize) -> usize;
    /// [`micro::columns`] for as many rows as go at once, at most `count`: how many it was.
    unsafe fn columns(rows: &Rows<F>, count: usize) -> usize;
    /// [`micro::strided`]
    unsafe fn strided(row: &Rows<F>);
}

macro_rules! machine {
    (
        $(#[$features:meta])? $machine:ident($number:ident): $vector:ty, squares: $squares:ty,
        dots: $at_once:literal rows of $parts:literal,
        products: $($together:literal)*,
        tiles: $largest:literal x $vectors:literal { $($v:literal: [$($r:literal)*])* },
        sums: $sums:literal vectors, $of_few:literal of $few:literal rows { $($sv:literal: [$($sr:literal)*])* }
    ) => {
        impl Machine<$number> for $machine {
            const LANES: usize = <$vector as Lanes>::COUNT;
            const ROWS: usize = $largest;
            const VECTORS: usize = $vectors;
            const FEW: usize = $few;
            const VECTORS_OF_FEW: usize = $of_few;
            const VECTORS_OF_SUMS: usize = $sums;

            unsafe fn tile(rows: usize, vectors: usize, tile: &Tile<$number>) {
                $(#[$features])?
                unsafe fn at<const R: usize, const N: usize>(tile: &Tile<$number>) {
                    // SAFETY: the caller's, as in the trait.
                    unsafe { micro::tile::<$vector, R, N>(tile) }
                }
                // SAFETY: the caller's, as in the trait.
                match (vectors, rows) {
                    $($(($v, $r) => unsafe { at::<$r, $v>(tile) },)*)*
                    _ => debug_assert!(false, "no tile of {rows} rows and {vectors} vectors"),
                }
            }

            unsafe fn shifted(rows: usize, vectors: usize, tile: &Shifted<'_, $number>) {
                $(#[$features])?
                unsafe fn at<const R: usize, const N: usize>(tile: &Shifted<'_, $number>) {
                    // SAFETY: the caller's, as in the trait.
                    unsafe { shifts::shifted::<$vector, R, N>(tile) }
                }
                // SAFETY: the caller's, as in the trait.
                match (vectors, rows) {
                    $($(($sv, $sr) => unsafe { at::<$sr, $sv>(tile) },)*)*
                    _ => debug_assert!(false, "no tile of {rows} rows and {vectors} vectors"),
                }
            }

            unsafe fn products(rows: usize, taps: usize, products: &Products<$number>) -> (usize, usize) {
                $(#[$features])?
                unsafe fn at<const R: usize, const T: usize>(products: &Products<$number>) -> (usize, usize) {
                    // SAFETY: the caller's, as in the trait.
                    unsafe { shifts::products::<$vector, R, T, { super::LANES / <$vector as Lanes>::COUNT }>(products) }
                    (R, T)
                }
                let all = taps >= TAPS;
                // SAFETY: the caller's, as in the trait.
                match rows {
                    $($together.. if all => unsafe { at::<$together, TAPS>(products) },)*
                    $($together.. => unsafe { at::<$together, 1>(products) },)*
                    0 => (0, 0),
                }
            }

            $(#[$features])?
            unsafe fn pack(panel: &Panel<$number>) {
                // SAFETY: the caller's, as in the trait.
                unsafe { micro::pack::<$vector, $squares>(panel) }
            }

            $(#[$features])?
            unsafe fn dots(rows: &Rows<$number>, count: usize) -> usize {
                // SAFETY: the caller's, as in the trait.
                unsafe {
                    if count >= $at_once {
                        micro::dots::<$vector, $at_once, $parts>(rows);
                        return $at_once;
                    }
                    micro::dots::<$vector, 1, $parts>(rows);
                }
                1
            }

            $(#[$features])?
            unsafe fn columns(rows: &Rows<$number>, count: usize) -> usize {
                const LANES: usize = <$vector as Lanes>::COUNT;
                let count = count.min(4 * LANES);
                let vectors = count.div_ceil(LANES);
                let last = count - (vectors - 1) * LANES;
                // SAFETY: the caller's, as in the trait.
                unsafe {
                    match vectors {
                        1 => micro::columns::<$vector, 1>(rows, last),
                        2 => micro::columns::<$vector, 2>(rows, last),
                        3 => micro::columns::<$vector, 3>(rows, last),
                        _ => micro::columns::<$vector, 4>(rows, last),
                    }
                }
                count
            }

            $(#[$features])?
            unsafe fn strided(row: &Rows<$number>) {
                // SAFETY: the caller's, as in the trait.
                unsafe { micro::strided(row) }
            }
        }
    };
}

/// What every machine of the architecture has.
pub(super) struct Baseline;
/// AVX2 and FMA.
#[cfg(target_arch = "x86_64")]
pub(super) struct Avx2;
/// AVX-512: F, VL, DQ and BW.
#[cfg(target_arch = "x86_64")]
pub(super) struct Avx512;

/// The machines that multiply this number.
pub(super) trait Machines: Number {
    type Baseline: Machine<Self>;
    type Avx2: Machine<Self>;
    type Avx512: Machine<Self>;
}

macro_rules! machines {
    ($number:ident,
     wide: $wide:ident, $wide_rows:literal rows of $wide_parts:literal, products: $($wide_together:literal)*,
     narrow: $narrow:ident, $narrow_rows:literal rows of $narrow_parts:literal, products: $($narrow_together:literal)*) => {
        machine! {
            Baseline($number): Portable<$number>, squares: Portable<$number>,
            dots: 2 rows of 4,
            products: 1,
            tiles: 4 x 3 { 1: [1 2 3 4] 2: [1 2 3 4] 3: [1 2 3 4] 8: [1] },
            sums: 3 vectors, 3 of 4 rows { 1: [1 2 3 4] 2: [1 2 3 4] 3: [1 2 3 4] }
        }
        #[cfg(target_arch = "x86_64")]
        machine! {
            #[target_feature(enable = "avx2,fma")]
            Avx2($number): x86::$narrow, squares: x86::$narrow,
            dots: $narrow_rows rows of $narrow_parts,
            products: $($narrow_together)*,
            tiles: 4 x 3 { 1: [1 2 3 4] 2: [1 2 3 4] 3: [1 2 3 4] 8: [1] },
            sums: 3 vectors, 3 of 4 rows { 1: [1 2 3 4] 2: [1 2 3 4] 3: [1 2 3 4] }
        }
        #[cfg(target_arch = "x86_64")]
        machine! {
            #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")]
            Avx512($number): x86::$wide, squares: x86::$narrow,
            dots: $wide_rows rows of $wide_parts,
            products: $($wide_together)*,
            tiles: 8 x 2 { 1: [1 2 3 4 5 6 7 8] 2: [1 2 3 4 5 6 7 8] 8: [1] },
            sums: 3 vectors, 4 of 6 rows {
                1: [1 2 3 4 5 6 7 8] 2: [1 2 3 4 5 6 7 8] 3: [1 2 3 4 5 6 7 8] 4: [1 2 3 4 5 6]
            }
        }
        #[cfg(target_arch = "x86_64")]
        impl Machines for $number {
            type Baseline = Baseline;
            type Avx2 = Avx2;
            type Avx512 = Avx512;
        }
        #[cfg(not(target_arch = "x86_64"))]
        impl Machines for $number {
            type Baseline = Baseline;
            type Avx2 = Baseline;
            type Avx512 = Baseline;
        }
    };
}
machines!(
    f32,
    wide: __m512, 8 rows of 1, products: 8 4 2 1,
    narrow: __m256, 4 rows of 2, products: 2 1
);
machines!(
    f64,
    wide: __m512d, 4 rows of 2, products: 4 2 1,
    narrow: __m256d, 2 rows of 4, products: 1
);
