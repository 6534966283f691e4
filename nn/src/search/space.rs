//! The space of a search: settings with their ranges.

use crate::error::mismatch;
use crate::random::Random;
use autodiff::Result;

/// The settings of a search, each with a name and a range.
///
/// | range | a random p in \[0, 1) gives | a grid has |
/// |---|---|---|
/// | `choice` of v₀, …, vₖ | one of them | all of them |
/// | `whole` from a to b | a whole number, each equally likely | whole numbers at about equal distances |
/// | `uniform` from a to b | a + p·(b − a) | numbers at equal distances |
/// | `log` from a to b | a·(b/a)ᵖ: from 1 to 10⁻⁴, 10⁻⁴ᵖ | numbers at equal ratios |
/// | `one_minus_log` from a to b | 1 − (1 − a)·((1 − b)/(1 − a))ᵖ: β near 1 | equal ratios of 1 − β |
///
/// ```
/// use nn::Space;
/// let space = Space::new().log("rate", 1e-4, 1.0).one_minus_log("beta", 0.9, 0.999).choice("lp_reg", [0.0, 1.0, 2.0]);
/// assert_eq!(space.names().collect::<Vec<_>>(), ["rate", "beta", "lp_reg"]);
/// ```
///
/// Source: Matt R, *Neural Networks* (March 2022), §8; Bergstra & Bengio, "Random Search for Hyper-Parameter
/// Optimization" (2012).
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Space {
    settings: Vec<(String, Range)>,
}

/// The values that a setting may have.
#[derive(Clone, PartialEq, Debug)]
enum Range {
    Choice(Vec<f64>),
    Whole(i64, i64),
    Uniform(f64, f64),
    Log(f64, f64),
    OneMinusLog(f64, f64),
}

impl Space {
    /// A space without settings, to which settings are added.
    pub fn new() -> Self {
        Space::default()
    }

    /// With a setting that is one of `values`.
    pub fn choice(self, name: impl Into<String>, values: impl Into<Vec<f64>>) -> Self {
        self.with(name, Range::Choice(values.into()))
    }

    /// With a whole number from `low` to `high`, both included.
    pub fn whole(self, name: impl Into<String>, low: i64, high: i64) -> Self {
        self.with(name, Range::Whole(low, high))
    }

    /// With a number from `low` to `high`.
    pub fn uniform(self, name: impl Into<String>, low: f64, high: f64) -> Self {
        self.with(name, Range::Uniform(low, high))
    }

    /// With a positive number from `low` to `high`, whose logarithm is uniform.
    pub fn log(self, name: impl Into<String>, low: f64, high: f64) -> Self {
        self.with(name, Range::Log(low, high))
    }

    /// With a number below 1, the logarithm of whose distance to 1 is uniform.
    pub fn one_minus_log(self, name: impl Into<String>, low: f64, high: f64) -> Self {
        self.with(name, Range::OneMinusLog(low, high))
    }

    fn with(mut self, name: impl Into<String>, range: Range) -> Self {
        self.settings.push((name.into(), range));
        self
    }

    /// The names of the settings.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(|(name, _)| name.as_str())
    }

    /// That every range has a value, and no two settings have one name.
    #[track_caller]
    pub(super) fn check(&self) -> Result<()> {
        if self.settings.is_empty() {
            return Err(mismatch("search", "there are no settings to search"));
        }
        for (i, (name, range)) in self.settings.iter().enumerate() {
            if self.names().take(i).any(|known| known == name) {
                return Err(mismatch("search", format!("there are two settings `{name}`")));
            }
            let finite = |low: f64, high: f64| low.is_finite() && high.is_finite() && low <= high;
            let (fits, wanted) = match range {
                Range::Choice(values) => {
                    (!values.is_empty() && values.iter().all(|x| x.is_finite()), "values that are finite")
                }
                Range::Whole(low, high) => (low <= high, "an end that is not below its start"),
                Range::Uniform(low, high) => (finite(*low, *high), "finite ends in order"),
                Range::Log(low, high) => {
                    (finite(low.min(*high), low.max(*high)) && low.min(*high) > 0.0, "positive ends")
                }
                Range::OneMinusLog(low, high) => (finite(*low, *high) && *high < 1.0, "ends below 1, in order"),
            };
            if !fits {
                return Err(mismatch("search", format!("the range of `{name}` is {range:?}"))
                    .with_help(format!("it needs {wanted}")));
            }
        }
        Ok(())
    }

    /// A value of each setting at random.
    pub(super) fn draw(&self, random: &mut Random) -> Vec<f64> {
        self.settings.iter().map(|(_, range)| range.at(random.uniform())).collect()
    }

    /// All combinations of the values of a grid, the last setting running fastest.
    pub(super) fn grid(&self, size: usize) -> Vec<Vec<f64>> {
        let mut points = vec![Vec::new()];
        for (_, range) in &self.settings {
            let values = range.grid(size);
            let extended = |point: &Vec<f64>| -> Vec<Vec<f64>> {
                values.iter().map(|value| point.iter().copied().chain([*value]).collect()).collect()
            };
            points = points.iter().flat_map(extended).collect();
        }
        points
    }
}

impl Range {
    /// The value at p in [0, 1], of which 1 is the other end.
    fn at(&self, p: f64) -> f64 {
        let nth = |count: f64| (p * count).floor().min(count - 1.0);
        match self {
            Range::Choice(values) => values.get(nth(values.len() as f64) as usize).copied().unwrap_or(f64::NAN),
            Range::Whole(low, high) => *low as f64 + nth((*high as f64) - (*low as f64) + 1.0),
            Range::Uniform(low, high) => low + p * (high - low),
            Range::Log(low, high) => low * (high / low).powf(p),
            Range::OneMinusLog(low, high) => 1.0 - (1.0 - low) * ((1.0 - high) / (1.0 - low)).powf(p),
        }
    }

    /// `size` values from end to end; of a choice all, of few whole numbers fewer.
    fn grid(&self, size: usize) -> Vec<f64> {
        let share = |i: usize| if size < 2 { 0.5 } else { i as f64 / (size - 1) as f64 };
        let mut values: Vec<f64> = match self {
            Range::Choice(values) => values.clone(),
            Range::Whole(low, high) => {
                (0..size).map(|i| (*low as f64 + share(i) * (*high as f64 - *low as f64)).round()).collect()
            }
            _ => (0..size).map(|i| self.at(share(i))).collect(),
        };
        values.dedup();
        values
    }
}
