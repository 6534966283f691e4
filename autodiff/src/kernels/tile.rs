//! Short rows side by side: what is done along each is then vector code over all of them.

use crate::base::real::Real;

/// How many rows a tile has, and how long they may be.
pub(super) const SIDE: usize = 16;

/// `tile[j][r]` is element j of row r. Behind the last element and the last row is anything.
pub(super) type Tile<F> = [[F; SIDE]; SIDE];

/// Puts the first `count` rows of `x`, `step` apart, into a tile: in squares of 4, each element by its place, because from
/// loops the compiler makes stores to scattered places, which take three times as long.
#[inline(always)]
pub(super) fn load<F: Real>(tile: &mut Tile<F>, x: &[F], length: usize, step: usize, count: usize) {
    let last = count.min(SIDE) - 1;
    for (j, to) in tile.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        if 4 * j >= length {
            return;
        }
        for quarter in 0..=last / 4 {
            let at = |i: usize| four(x, (4 * quarter + i).min(last) * step + 4 * j);
            let columns = transposed([at(0), at(1), at(2), at(3)]);
            for (to, column) in to.iter_mut().zip(columns) {
                to.as_chunks_mut::<4>().0[quarter] = column;
            }
        }
    }
}

/// Four numbers from a place on; 0 behind the last.
#[inline(always)]
fn four<F: Real>(x: &[F], from: usize) -> [F; 4] {
    let x = &x[from..];
    if let Some(x) = x.first_chunk() {
        return *x;
    }
    let mut four = [F::zero(); 4];
    for (to, x) in four.iter_mut().zip(x) {
        *to = *x;
    }
    four
}

#[inline(always)]
fn transposed<F: Copy>([a, b, c, d]: [[F; 4]; 4]) -> [[F; 4]; 4] {
    [[a[0], b[0], c[0], d[0]], [a[1], b[1], c[1], d[1]], [a[2], b[2], c[2], d[2]], [a[3], b[3], c[3], d[3]]]
}

/// The position in each row of the first element x with f(x) equal to `wanted`, or [`SIDE`] if no element has it. Positions
/// are reals, so that a comparison of them is vector code beside that of the elements.
#[inline(always)]
pub(super) fn first<F: Real>(tile: &[[F; SIDE]], wanted: &[F; SIDE], f: impl Fn(F) -> F) -> [F; SIDE] {
    let none = F::of(SIDE as f64);
    let (mut place, mut here) = ([none; SIDE], F::zero());
    for x in tile {
        for r in 0..SIDE {
            let candidate = if f(x[r]) == wanted[r] { here } else { none };
            place[r] = if candidate < place[r] { candidate } else { place[r] };
        }
        here = here + F::one();
    }
    place
}
