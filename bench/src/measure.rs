//! Timing.

use crate::Result;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A sample is at least this long: a step that is shorter is timed in blocks, so that the clock costs nothing.
const SAMPLE: Duration = Duration::from_micros(50);

/// Times `step` for about `budget`: microseconds per step, one number a sample. Some steps go before, untimed, unless one
/// takes longer than the budget.
///
/// # Errors
/// That of a step.
pub fn sample(budget: Duration, mut step: impl FnMut() -> Result<f64>) -> Result<Vec<f64>> {
    let start = Instant::now();
    black_box(step()?);
    let first = start.elapsed();
    if first >= budget {
        return Ok(vec![first.as_secs_f64() * 1e6]);
    }
    let mut steps = 1u32;
    while start.elapsed() < budget / 10 {
        black_box(step()?);
        steps += 1;
    }
    let block = block(start.elapsed() / steps);
    let mut samples = Vec::new();
    let start = Instant::now();
    while start.elapsed() < budget || samples.len() < 3 {
        let before = Instant::now();
        for _ in 0..block {
            black_box(step()?);
        }
        samples.push(before.elapsed().as_secs_f64() * 1e6 / f64::from(block));
    }
    Ok(samples)
}

/// How many steps make a sample.
fn block(step: Duration) -> u32 {
    let steps = SAMPLE.as_nanos().div_ceil(step.as_nanos().max(1));
    u32::try_from(steps).unwrap_or(u32::MAX).max(1)
}

/// What is told of samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    pub median: f64,
    pub min: f64,
    /// Nine of ten samples are not above it.
    pub p90: f64,
    pub runs: usize,
}

impl Statistics {
    /// Of at least one sample.
    ///
    /// # Errors
    /// No samples.
    pub fn of(samples: &[f64]) -> Result<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let (Some(min), Some(p90)) = (sorted.first(), sorted.get((n * 9).div_ceil(10).saturating_sub(1))) else {
            return Err("no samples".into());
        };
        Ok(Statistics { median: median(&sorted)?, min: *min, p90: *p90, runs: n })
    }
}

/// The middle of numbers, or the mean of the two in the middle.
///
/// # Errors
/// No numbers.
pub fn median(numbers: &[f64]) -> Result<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n == 0 {
        return Err("the median of nothing".into());
    }
    Ok((sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_of_known_samples() {
        let samples: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        let expected = Statistics { median: 5.5, min: 1.0, p90: 9.0, runs: 10 };
        assert_eq!(Statistics::of(&samples).unwrap(), expected);
        assert_eq!(Statistics::of(&[3.0]).unwrap(), Statistics { median: 3.0, min: 3.0, p90: 3.0, runs: 1 });
        assert!(Statistics::of(&[]).is_err());
    }

    #[test]
    fn short_steps_are_timed_in_blocks() {
        assert_eq!(block(Duration::from_nanos(300)), 167);
        assert_eq!(block(Duration::from_micros(50)), 1);
        assert_eq!(block(Duration::from_secs(1)), 1);
        assert_eq!(block(Duration::ZERO), 50_000);
    }

    #[test]
    fn a_step_longer_than_the_budget_is_made_once() {
        let mut steps = 0;
        let step = || {
            steps += 1;
            std::thread::sleep(Duration::from_millis(2));
            Ok(0.0)
        };
        let samples = sample(Duration::from_millis(1), step).unwrap();
        assert_eq!((samples.len(), steps), (1, 1));
    }

    #[test]
    fn an_error_of_a_step_ends_the_timing() {
        assert!(sample(Duration::from_millis(1), || Err("no".into())).is_err());
    }
}
