//! The search itself.

use super::results::{Results, Trial};
use super::space::Space;
use crate::error::{error, mismatch};
use crate::random::Random;
use autodiff::{ErrorKind, Result};
use rayon::prelude::*;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

/// A search for the hyperparameters with the best score: the smallest by default.
///
/// ```
/// use nn::{Search, Space};
/// let space = Space::new().log("rate", 1e-4, 1.0);
/// // In practice the score of a rate is the loss on the validation set after a training with it.
/// let results = Search::random(space, 30, 7).run(|trial| Ok((trial.get("rate")?.log10() + 2.0).powi(2)))?;
/// let best = results.best().expect("30 trials have a score");
/// assert!((0.003..0.03).contains(&best.get("rate")?));
/// println!("{results}");
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Trials run on all cores, and the results do not depend on the number of cores: settings and seed of a trial depend
/// on its number alone. So a random search of more trials contains one of fewer, and can continue it. A trial that
/// returns an error, or a score that is not finite, has failed: the table shows it, and the other trials go on.
pub struct Search<'a> {
    space: Space,
    points: Points,
    seed: u64,
    largest: bool,
    budgets: Vec<usize>,
    factor: usize,
    threads: Option<usize>,
    before: Option<Results>,
    watch: Option<Watch<'a>>,
}

type Watch<'a> = Box<dyn FnMut(&Results) -> ControlFlow<()> + Send + 'a>;

#[derive(Clone, Copy, Debug)]
enum Points {
    Grid(usize),
    Random(usize),
}

impl<'a> Search<'a> {
    /// A grid: all combinations of `size` values of each setting, see [`Space`]. The seed is for what is random in the
    /// trials.
    pub fn grid(space: Space, size: usize, seed: u64) -> Self {
        Search::new(space, Points::Grid(size), seed)
    }

    /// A random search: this number of `trials`, each with settings drawn at random.
    pub fn random(space: Space, trials: usize, seed: u64) -> Self {
        Search::new(space, Points::Random(trials), seed)
    }

    fn new(space: Space, points: Points, seed: u64) -> Self {
        let (budgets, factor) = (vec![1], 2);
        Search { space, points, seed, largest: false, budgets, factor, threads: None, before: None, watch: None }
    }

    /// The largest score is the best, as for an accuracy.
    pub fn largest(self) -> Self {
        Search { largest: true, ..self }
    }

    /// Successive halving: all trials run with the budget `least`; the best of them, one in `factor`, run again with
    /// `factor` times that budget, and so on up to `most`. The trial decides what its budget is, such as a number of
    /// epochs; it starts from the beginning each time.
    ///
    /// Source: Jamieson & Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization" (2016),
    /// Figure 3, with the budgets of Li et al., "Hyperband" (2018), Algorithm 1.
    pub fn halving(self, least: usize, most: usize, factor: usize) -> Self {
        let next = |budget: &usize| budget.checked_mul(factor).filter(|next| *next <= most && next > budget);
        Search { budgets: std::iter::successors(Some(least), next).collect(), factor, ..self }
    }

    /// The number of trials that run at the same time; by default, the number of cores.
    pub fn threads(self, threads: usize) -> Self {
        Search { threads: Some(threads), ..self }
    }

    /// Continues from `results`: trials that they contain do not run again.
    pub fn resume(self, results: Results) -> Self {
        Search { before: Some(results), ..self }
    }

    /// Calls `watch` with the results after every trial, for example to save them; the search ends if it returns
    /// `Break`.
    pub fn watch(self, watch: impl FnMut(&Results) -> ControlFlow<()> + Send + 'a) -> Self {
        Search { watch: Some(Box::new(watch)), ..self }
    }

    /// Runs the trials; `score` returns the score of one.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if a range has no values, there are no trials, or the results to continue from are those
    /// of another search; [`ErrorKind::Resources`] if the threads cannot be started.
    #[track_caller]
    pub fn run(self, score: impl Fn(&Trial) -> Result<f64> + Sync) -> Result<Results> {
        self.space.check()?;
        let trials = self.trials();
        let no_budget = self.budgets.contains(&0) || self.factor < 2;
        if trials.is_empty() || no_budget || self.threads == Some(0) {
            let error = mismatch("search", "there is nothing to do: no trials, no budget, or no threads");
            return Err(error.with_help("trials, budgets and threads are at least 1, the factor of halving at least 2"));
        }
        let pool = match self.threads.map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build()) {
            None => None,
            Some(Ok(pool)) => Some(pool),
            Some(Err(why)) => return Err(error(ErrorKind::Resources, "search", why.to_string())),
        };
        let results = self.before.unwrap_or(Results { largest: self.largest, trials: Vec::new() });
        let known = |trial: &&Trial| {
            let same =
                trials.get(trial.number).is_some_and(|own| Trial { budget: trial.budget, ..own.clone() }.is(trial));
            same && self.budgets.contains(&trial.budget)
        };
        let stranger = results.trials.iter().find(|trial| !known(trial));
        if let Some(trial) = stranger.map(|trial| trial.number).or((results.largest != self.largest).then_some(0)) {
            let message = format!("the results to go on from are those of another search: see trial {trial}");
            return Err(
                mismatch("search", message).with_help("space, seed and budgets should be those they were made with")
            );
        }
        let state = Mutex::new(State { results, watch: self.watch, stopped: false });
        let mut chosen = trials;
        for budget in self.budgets {
            let one = |trial: &Trial| make(&state, Trial { budget, ..trial.clone() }, &score);
            match &pool {
                Some(pool) => pool.install(|| chosen.par_iter().for_each(one)),
                None => chosen.par_iter().for_each(one),
            }
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.stopped {
                break;
            }
            let of_budget = state.results.trials.iter().filter(|trial| trial.budget == budget && trial.score.is_some());
            let mut ranked: Vec<Trial> = of_budget.cloned().collect();
            ranked.sort_by(|a, b| state.results.order(a, b));
            ranked.truncate(chosen.len().div_ceil(self.factor));
            // As they were before: without a score.
            chosen = ranked.into_iter().map(|trial| Trial { score: None, ..trial }).collect();
        }
        Ok(state.into_inner().unwrap_or_else(PoisonError::into_inner).results)
    }

    /// The trials with the first budget, of which nothing is known.
    fn trials(&self) -> Vec<Trial> {
        let random = |number: usize| Random::stream(self.seed, number as u64);
        let points: Vec<Vec<f64>> = match self.points {
            Points::Grid(size) => self.space.grid(size),
            Points::Random(trials) => (0..trials).map(|number| self.space.draw(&mut random(number))).collect(),
        };
        let trial = |(number, point): (usize, Vec<f64>)| Trial {
            number,
            budget: self.budgets.first().copied().unwrap_or(1),
            // Not from the numbers that the settings are.
            seed: Random::stream(self.seed, (1 << 63) | number as u64).key(),
            settings: self.space.names().map(str::to_owned).zip(point).collect(),
            score: None,
            failure: None,
        };
        points.into_iter().enumerate().map(trial).collect()
    }
}

/// What the threads share.
struct State<'a> {
    results: Results,
    watch: Option<Watch<'a>>,
    stopped: bool,
}

/// Makes a trial, if it was not made and the search goes on.
fn make(shared: &Mutex<State<'_>>, mut trial: Trial, score: &(impl Fn(&Trial) -> Result<f64> + Sync)) {
    let state = || shared.lock().unwrap_or_else(PoisonError::into_inner);
    let is_needed = |state: &State<'_>| !state.stopped && !state.results.trials.iter().any(|known| known.is(&trial));
    if !is_needed(&state()) {
        return;
    }
    match score(&trial) {
        Ok(score) if score.is_finite() => trial.score = Some(score),
        Ok(score) => trial.failure = Some(format!("the score is {score}")),
        Err(error) => trial.failure = Some(error.message().to_owned()),
    }
    let State { results, watch, stopped } = &mut *state();
    // One that ends after the search was stopped does not count: results are those that `watch` saw.
    if *stopped {
        return;
    }
    let place = |other: &Trial| (other.budget, other.number) < (trial.budget, trial.number);
    let at = results.trials.partition_point(place);
    results.trials.insert(at, trial);
    if let Some(watch) = watch {
        *stopped = watch(results).is_break();
    }
}

impl fmt::Debug for Search<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Search of {:?} in {:?}", self.points, self.space)
    }
}
