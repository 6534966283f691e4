//! Short rows side by side: what is done along each is then vector code over all of them.

use crate::base::real::Real;

/// How many rows a tile has, and how long they may be.
pub(super) const SIDE: usize = 16;

/// `tile[j][r]` is element j of row r; 0 behind the last of each.
pub(super) type Tile<F> = [[F; SIDE]; SIDE];

/// Puts the first `count` rows of `x`, `step` apart, into a tile.
#[inline(always)]
pub(super) fn load<F: Real>(tile: &mut Tile<F>, x: &[F], length: usize, step: usize, count: usize) {
    for r in 0..count.min(SIDE) {
        for (column, x) in tile.iter_mut().zip(&x[r * step..r * step + length]) {
            column[r] = *x;
        }
    }
}

/// Writes the first rows of a tile to `y`, one behind the other.
#[inline(always)]
pub(super) fn store<F: Real>(tile: &Tile<F>, y: &mut [F], length: usize) {
    for (r, row) in (0..SIDE).zip(y.chunks_exact_mut(length)) {
        for (column, y) in tile.iter().zip(row) {
            *y = column[r];
        }
    }
}

/// Goes along rows whose largest element is known and finds where it is first.
#[derive(Debug)]
pub(super) struct First<F>([F; SIDE]);

impl<F: Real> First<F> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        First([F::one(); SIDE])
    }

    /// Whether `wanted` holds of this element of row r and of none before it. To be asked of each once.
    #[inline(always)]
    pub(super) fn is(&mut self, r: usize, wanted: bool) -> bool {
        let is = wanted & (self.0[r] > F::zero());
        self.0[r] = if wanted { F::zero() } else { self.0[r] };
        is
    }
}
