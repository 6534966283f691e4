//! The search: text after text, each made from the seed and its number alone.

use crate::{Tally, mutate, oracle, seeds};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use std::time::{Duration, Instant};

/// For how long, and where it begins.
#[derive(Clone, Copy, Default, Debug)]
pub struct Options {
    /// For how long.
    pub seconds: Option<Duration>,
    /// How many texts.
    pub cases: Option<u64>,
    /// What the texts are made from.
    pub seed: u64,
    /// The number of the first text.
    pub first: u64,
    /// Whether texts are printed.
    pub show: bool,
}

/// The first text of which something does not hold, with its number and the complaint.
pub fn search(options: &Options, tally: &mut Tally) -> Option<(u64, String, String)> {
    let found = cases(options, |case| {
        let text = text(options.seed, case);
        if options.show {
            println!("---- text {case}\n{text}");
        }
        oracle::check_without_panic(&text).map(|outcome| tally.count(outcome))
    });
    found.map(|(case, complaint)| (case, text(options.seed, case), complaint))
}

/// The first case that `check` complains of, with the complaint.
pub fn cases(options: &Options, mut check: impl FnMut(u64) -> Result<(), String>) -> Option<(u64, String)> {
    let start = Instant::now();
    for case in options.first.. {
        let late = options.seconds.is_some_and(|seconds| start.elapsed() >= seconds);
        if late || options.cases.is_some_and(|cases| case - options.first >= cases) {
            break;
        }
        if let Err(complaint) = check(case) {
            return Some((case, complaint));
        }
    }
    None
}

fn text(seed: u64, case: u64) -> String {
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ case.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let text = seeds::text(random.random());
    // Some are left as they are.
    let changes = random.random_range(0..6usize);
    (0..changes).fold(text, |text, _| mutate::changed(&text, &mut random))
}
