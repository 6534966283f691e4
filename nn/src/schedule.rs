//! Schedules: factors of the learning rate, as functions of an index that starts at 0.
//!
//! The index counts steps or epochs: [`by_step`] and [`by_epoch`] make of a schedule what [`Scheduled`](crate::Scheduled)
//! takes, which multiplies the rate α of its optimizer by the factor. A schedule is a function, so any other is a closure, and the
//! product of two is one as well.
//!
//! ```
//! use nn::{Adam, Optimizer, Position, Scheduled, schedule};
//!
//! // A warm-up over 100 steps, then half a cosine over 900.
//! let factor = schedule::sequence(schedule::warm_up(100), 100, schedule::cosine(900));
//! let optimizer = Scheduled::new(schedule::by_step(factor), Adam::new(0.01));
//! assert_eq!(Optimizer::<f64>::rate(&optimizer, Position { step: 50, epoch: 1 }), 0.005);
//! assert_eq!(Optimizer::<f64>::rate(&optimizer, Position { step: 101, epoch: 1 }), 0.01);
//! ```
//!
//! Settings that make no sense (lengths of 0, negative factors) give factors that are NaN, infinite or negative, and the step
//! that asks for one is refused with its number. What follows a measure instead of an index is [`OnPlateau`](crate::OnPlateau).
//!
//! Sources: Matt R, *Neural Networks* (March 2022), §7.5, for [`inverse_time`], [`exponential`], [`inverse_root`] and
//! [`manual`]; of the others, each its own.

use crate::optim::Position;
use std::f64::consts::PI;

/// The index is the number of the step, less 1.
pub fn by_step(factor: impl Fn(u64) -> f64 + Clone) -> impl Fn(Position) -> f64 + Clone {
    move |at: Position| factor(at.step.saturating_sub(1))
}

/// The index is the number of the epoch, less 1.
pub fn by_epoch(factor: impl Fn(u64) -> f64 + Clone) -> impl Fn(Position) -> f64 + Clone {
    move |at: Position| factor(at.epoch.saturating_sub(1))
}

/// `first` for `length` indices, and then `second` from its index 0.
///
/// ```
/// let factor = nn::schedule::sequence(|_| 1.0, 2, nn::schedule::exponential(0.5));
/// assert_eq!([0, 1, 2, 3, 4].map(factor), [1.0, 1.0, 1.0, 0.5, 0.25]);
/// ```
pub fn sequence(
    first: impl Fn(u64) -> f64 + Clone,
    length: u64,
    second: impl Fn(u64) -> f64 + Clone,
) -> impl Fn(u64) -> f64 + Clone {
    move |i| if i < length { first(i) } else { second(i - length) }
}

/// 1/(1 + ηi).
///
/// ```
/// assert_eq!([0, 1, 3].map(nn::schedule::inverse_time(1.0)), [1.0, 0.5, 0.25]);
/// ```
pub fn inverse_time(eta: f64) -> impl Fn(u64) -> f64 + Copy {
    move |i| 1.0 / (1.0 + eta * i as f64)
}

/// ηⁱ.
///
/// ```
/// assert_eq!([0, 1, 3].map(nn::schedule::exponential(0.5)), [1.0, 0.5, 0.125]);
/// ```
pub fn exponential(eta: f64) -> impl Fn(u64) -> f64 + Copy {
    move |i| eta.powf(i as f64)
}

/// η/√(i + 1): the source counts from 1, and has no value at 0.
///
/// ```
/// assert_eq!([0, 3, 15].map(nn::schedule::inverse_root(1.0)), [1.0, 0.5, 0.25]);
/// ```
pub fn inverse_root(eta: f64) -> impl Fn(u64) -> f64 + Copy {
    move |i| eta / (i as f64 + 1.0).sqrt()
}

/// What is said by hand: 1, and each factor from its index on, in rising order.
///
/// ```
/// assert_eq!([0, 9, 10, 25].map(nn::schedule::manual([(10, 0.1), (20, 0.01)])), [1.0, 1.0, 0.1, 0.01]);
/// ```
pub fn manual<const N: usize>(factors: [(u64, f64); N]) -> impl Fn(u64) -> f64 + Copy {
    move |i| factors.iter().rev().find(|(from, _)| *from <= i).map_or(1.0, |(_, factor)| *factor)
}

/// ηᵏ with k = ⌊i/length⌋: a constant for `length` indices, then η times as much.
///
/// ```
/// assert_eq!([0, 9, 10, 25].map(nn::schedule::step(10, 0.5)), [1.0, 1.0, 0.5, 0.25]);
/// ```
pub fn step(length: u64, eta: f64) -> impl Fn(u64) -> f64 + Copy {
    move |i| i.checked_div(length).map_or(f64::NAN, |k| eta.powf(k as f64))
}

/// From 1 to `end` in a straight line over `length` indices, and `end` from there on.
///
/// ```
/// assert_eq!([0, 1, 2, 4, 9].map(nn::schedule::linear(4, 0.0)), [1.0, 0.75, 0.5, 0.0, 0.0]);
/// ```
pub fn linear(length: u64, end: f64) -> impl Fn(u64) -> f64 + Copy {
    polynomial(length, 1.0, end)
}

/// end + (1 − end)·(1 − i/length)ᵖ, and `end` from i = length on.
///
/// ```
/// assert_eq!([0, 2, 4, 9].map(nn::schedule::polynomial(4, 2.0, 0.0)), [1.0, 0.25, 0.0, 0.0]);
/// ```
pub fn polynomial(length: u64, power: f64, end: f64) -> impl Fn(u64) -> f64 + Copy {
    move |i| end + (1.0 - end) * (1.0 - passed(i, length)).powf(power)
}

/// Half a cosine from 1 to 0, ½(1 + cos(πi/length)), and 0 from i = length on.
///
/// ```
/// let factor = nn::schedule::cosine(4);
/// assert_eq!((factor(0), factor(4), factor(9)), (1.0, 0.0, 0.0));
/// assert!((factor(2) - 0.5).abs() < 1e-15);
/// ```
///
/// Source: Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017), eq. 5, with a least rate of 0.
pub fn cosine(length: u64) -> impl Fn(u64) -> f64 + Copy {
    move |i| 0.5 * (1.0 + (PI * passed(i, length)).cos())
}

/// [`cosine`] that starts again at 1 whenever it has come down to 0, each time over `growth` times as many indices.
///
/// ```
/// let factor = nn::schedule::cosine_restarts(2, 2);
/// assert_eq!([0, 2, 6, 14].map(factor), [1.0; 4]);
/// assert!((factor(1) - 0.5).abs() < 1e-15 && (factor(4) - 0.5).abs() < 1e-15);
/// ```
///
/// Source: as [`cosine`]'s, §3, with T₀ = `length` and T_mult = `growth`.
pub fn cosine_restarts(length: u64, growth: u64) -> impl Fn(u64) -> f64 + Copy {
    move |mut i| {
        if growth == 0 {
            return f64::NAN;
        }
        if growth == 1 {
            return i.checked_rem(length).map_or(f64::NAN, cosine(length));
        }
        let mut period = length;
        while i >= period && period > 0 {
            i -= period;
            period = period.saturating_mul(growth);
        }
        cosine(period)(i)
    }
}

/// (i + 1)/length, up to 1: a rate that grows over `length` indices and stays.
///
/// ```
/// assert_eq!([0, 1, 3, 9].map(nn::schedule::warm_up(4)), [0.25, 0.5, 1.0, 1.0]);
/// ```
///
/// Source: Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour" (2017), §2.2.
pub fn warm_up(length: u64) -> impl Fn(u64) -> f64 + Copy {
    move |i| passed(i.saturating_add(1), length)
}

/// One cycle over `length` indices: by half a cosine from 1/25 up to 1, which it reaches after three tenths, and by another
/// down to 1/250,000 at the last index.
///
/// ```
/// let factor = nn::schedule::one_cycle(101);
/// assert!((factor(0) - 0.04).abs() < 1e-15 && (factor(100) - 4e-6).abs() < 1e-15);
/// ```
///
/// Source: Smith & Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates" (2018), in the
/// form that PyTorch's has unless said otherwise.
pub fn one_cycle(length: u64) -> impl Fn(u64) -> f64 + Copy {
    const START: f64 = 1.0 / 25.0;
    const END: f64 = START / 1e4;
    move |i| {
        let (i, top, last) = (i as f64, 0.3 * length as f64 - 1.0, length as f64 - 1.0);
        if length == 0 {
            return f64::NAN;
        }
        let between = |from: f64, to: f64, passed: f64| to + (from - to) * 0.5 * (1.0 + (PI * passed).cos());
        match i <= top {
            true => between(START, 1.0, i / top),
            false => between(1.0, END, ((i - top) / (last - top)).min(1.0)),
        }
    }
}

/// i/length, at most 1; NaN for a length of 0.
fn passed(i: u64, length: u64) -> f64 {
    i.min(length) as f64 / length as f64
}
