//! The results of a search, as a table and as a chart.

use crate::error::mismatch;
use crate::picture::Chart;
use autodiff::Result;
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// One combination of settings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Trial {
    /// Its number, from 0.
    pub number: usize,
    /// How much may be spent on it, such as a number of epochs: 1, unless the search uses successive halving.
    pub budget: usize,
    /// The seed for everything random in the trial.
    pub seed: u64,
    /// The settings by name.
    pub settings: Vec<(String, f64)>,
    /// The score, if the trial gave a finite one.
    pub score: Option<f64>,
    /// Why there is no score.
    pub failure: Option<String>,
}

impl Trial {
    /// The value of the setting `name`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there is no such setting.
    #[track_caller]
    pub fn get(&self, name: &str) -> Result<f64> {
        match self.settings.iter().find(|(known, _)| known == name) {
            Some((_, value)) => Ok(*value),
            None => {
                let known: Vec<&str> = self.settings.iter().map(|(name, _)| name.as_str()).collect();
                let error = mismatch("search", format!("there is no setting `{name}`"));
                Err(error.with_help(format!("the settings are `{}`", known.join("`, `"))))
            }
        }
    }

    /// The value of the setting `name`, as a non-negative whole number.
    ///
    /// # Errors
    /// As [`get`](Self::get), and if it is negative or not whole.
    #[track_caller]
    pub fn count(&self, name: &str) -> Result<usize> {
        match self.get(name)? {
            value if value >= 0.0 && value.fract() == 0.0 => Ok(value as usize),
            value => Err(mismatch("search", format!("the setting `{name}` is {value}, and no number of things"))),
        }
    }

    /// Whether this is the same trial, whatever came of it.
    pub(super) fn is(&self, other: &Trial) -> bool {
        (self.number, self.budget, self.seed) == (other.number, other.budget, other.seed)
            && self.settings == other.settings
    }
}

/// The trials of a search, in order. serde writes and reads them, and [`Search::resume`](crate::Search::resume)
/// continues a search from them. Printed, they are a table, the best trial first.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Results {
    /// Whether the largest score is the best.
    pub(super) largest: bool,
    pub(super) trials: Vec<Trial>,
}

impl Results {
    /// The trials, by budget and number.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// The best trial of the largest budget that has a score.
    pub fn best(&self) -> Option<&Trial> {
        let scored = self.trials.iter().filter(|trial| trial.score.is_some());
        scored.max_by(|a, b| a.budget.cmp(&b.budget).then(self.order(b, a)))
    }

    /// Which of two trials is better: `Less` if the first one is. Of equal scores, the trial with the smaller number is
    /// better.
    pub(super) fn order(&self, a: &Trial, b: &Trial) -> Ordering {
        let badness =
            |trial: &Trial| trial.score.map_or(f64::INFINITY, |score| if self.largest { -score } else { score });
        let failed = |trial: &Trial| trial.score.is_none();
        failed(a).cmp(&failed(b)).then(badness(a).total_cmp(&badness(b))).then(a.number.cmp(&b.number))
    }

    /// A chart of the scores over the setting `name`, with a series for each budget.
    ///
    /// # Errors
    /// As [`Trial::get`].
    #[track_caller]
    pub fn chart(&self, name: &str) -> Result<Chart> {
        let mut chart = Chart::new(format!("Score by {name}")).axes(name, "score");
        let mut budgets: Vec<usize> = self.trials.iter().map(|trial| trial.budget).collect();
        budgets.dedup();
        let mut all = Vec::new();
        for budget in &budgets {
            let mut points = Vec::new();
            for trial in self.trials.iter().filter(|trial| trial.budget == *budget) {
                points.extend(trial.score.zip(Some(trial.get(name)?)).map(|(score, value)| (value, score)));
            }
            all.extend(points.iter().map(|(value, _)| *value));
            let series = if budgets.len() > 1 { format!("budget {budget}") } else { String::new() };
            chart = chart.points(series, points);
        }
        let (least, most) = all.iter().fold((f64::MAX, 0.0_f64), |(least, most), x| (least.min(*x), most.max(*x)));
        // Values of several magnitudes.
        Ok(if least > 0.0 && most / least > 30.0 { chart.log_x() } else { chart })
    }
}

impl fmt::Display for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut ranked: Vec<&Trial> = self.trials.iter().collect();
        ranked.sort_by(|a, b| b.budget.cmp(&a.budget).then(self.order(a, b)));
        let names: Vec<&str> = self
            .trials
            .first()
            .map_or(Vec::new(), |trial| trial.settings.iter().map(|(name, _)| name.as_str()).collect());
        let width = |name: &str| name.chars().count().max(10);
        write!(f, "trial  budget")?;
        names.iter().try_for_each(|name| write!(f, "  {name:>width$}", width = width(name)))?;
        writeln!(f, "       score")?;
        for trial in ranked {
            write!(f, "{:>5}  {:>6}", trial.number, trial.budget)?;
            for (name, value) in &trial.settings {
                write!(f, "  {:>width$}", shown(*value), width = width(name))?;
            }
            match (trial.score, &trial.failure) {
                (Some(score), _) => writeln!(f, "  {:>10}", shown(score))?,
                (None, failure) => writeln!(f, "  failed: {}", failure.as_deref().unwrap_or("not made"))?,
            }
        }
        Ok(())
    }
}

/// A number with about five digits.
fn shown(number: f64) -> String {
    if number != 0.0 && !(1e-4..1e6).contains(&number.abs()) {
        return format!("{number:.3e}");
    }
    let text = format!("{number:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
