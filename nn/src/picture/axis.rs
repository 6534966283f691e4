//! From numbers to places, and the numbers that stand at an axis.

/// An axis: which numbers lie at its ends, and where these are in the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    log: bool,
}

impl Axis {
    /// Over `numbers`, those that are not finite left out, with `margin` of their range at both ends; over a
    /// logarithmic axis, those that are not positive, too.
    pub(super) fn over(numbers: impl Iterator<Item = f64>, (from, to): (f64, f64), margin: f64, log: bool) -> Self {
        let place = |x: f64| if log { x.log10() } else { x };
        let numbers = numbers.map(place).filter(|x| x.is_finite());
        let (mut low, mut high) = numbers.fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(x), high.max(x)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        // Of one number, a range around it.
        let range = if high > low { high - low } else { 2.0 * high.abs().max(0.5) };
        let room = if high > low { margin * range } else { range / 2.0 };
        Axis { low: low - room, high: high + room, from, to, log }
    }

    /// Where `x` is, if it is anywhere.
    pub(super) fn at(&self, x: f64) -> Option<f64> {
        let x = if self.log { x.log10() } else { x };
        let share = (x - self.low) / (self.high - self.low);
        Some(self.from + share * (self.to - self.from)).filter(|place| place.is_finite())
    }

    /// The number at a share of the axis.
    pub(super) fn number(&self, share: f64) -> f64 {
        let x = self.low + share * (self.high - self.low);
        if self.log { 10f64.powf(x) } else { x }
    }

    /// Round numbers along the axis, with their places.
    pub(super) fn ticks(&self) -> Vec<(f64, String)> {
        let range = self.high - self.low;
        let numbers: Vec<(f64, String)> = match self.log {
            // Decades, every second or third of many; of less than two, one, two and five of each.
            true => {
                let every = (range / 6.0).ceil().max(1.0) as i32;
                let steps: &[f64] = if range < 2.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
                let decades = (self.low.floor() as i32..=self.high.ceil() as i32).filter(|d| d.rem_euclid(every) == 0);
                decades.flat_map(|d| steps.iter().map(move |s| s * 10f64.powi(d))).map(|x| (x, shown(x, x))).collect()
            }
            false => {
                let step = round_step(range / 5.0);
                let (first, last) = ((self.low / step).ceil() as i64, (self.high / step).floor() as i64);
                // Where a step is too small for a number, there is no end to them.
                (first..=last).take(20).map(|i| i as f64 * step).map(|x| (x, shown(x, step))).collect()
            }
        };
        let (start, end) = (self.from.min(self.to) - 0.5, self.from.max(self.to) + 0.5);
        let placed = numbers.into_iter().filter_map(|(x, text)| Some((self.at(x)?, text)));
        placed.filter(|(place, _)| (start..=end).contains(place)).collect()
    }
}

/// The number of the form 1, 2 or 5 times a power of ten that is next above `step`, about.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= step).unwrap_or(10.0);
    factor * power
}

/// A number with the digits that tell it from its neighbour at distance `step`.
pub(super) fn shown(x: f64, step: f64) -> String {
    let magnitude = x.abs().max(step.abs());
    if magnitude >= 1e6 || (magnitude < 1e-3 && magnitude > 0.0) {
        let digits = (magnitude.log10().floor() - step.abs().log10().floor()).clamp(0.0, 6.0) as usize;
        return if x == 0.0 { "0".to_owned() } else { format!("{x:.digits$e}") };
    }
    let decimals = (-step.abs().log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{x:.decimals$}")
}
