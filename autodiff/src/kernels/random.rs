//! Random numbers from an explicit key.

use crate::base::real::Real;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// The numbers that are drawn at a time.
const BLOCK: usize = 256;

/// Fills `output` with numbers uniform on [0, 1), element `i` in logical order the `i`-th draw of ChaCha8 seeded with
/// `key` on `stream`. The same key, stream and size give the same numbers on every machine.
pub fn uniform<F: Real>(key: u64, stream: u64, output: &mut [F]) {
    let mut random = ChaCha8Rng::seed_from_u64(key);
    random.set_stream(stream);
    let mut bytes = [0; 4 * BLOCK];
    for output in output.chunks_mut(BLOCK) {
        let bytes = &mut bytes[..4 * output.len()];
        random.fill_bytes(bytes);
        for (y, word) in output.iter_mut().zip(bytes.as_chunks::<4>().0) {
            // 24 random bits are exact in both types, so an f32 program and its f64 cast drop the same units.
            *y = F::of(f64::from(u32::from_le_bytes(*word) >> 8) * (1.0 / f64::from(1 << 24)));
        }
    }
}
