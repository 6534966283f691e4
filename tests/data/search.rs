//! The search for settings.

use autodiff::{Error, ErrorKind, Result};
use nn::{Results, Search, Space, Trial};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

fn space() -> Space {
    Space::new().log("rate", 1e-4, 1.0).one_minus_log("beta", 0.9, 0.9999).whole("nodes", 2, 9).choice("p", [0.0, 1.0])
}

/// Least at rate 0.01, and smaller with more budget.
fn score(trial: &Trial) -> Result<f64> {
    Ok((trial.get("rate")?.log10() + 2.0).powi(2) + 0.1 * trial.get("p")? + 1.0 / trial.budget as f64)
}

fn values(results: &Results, name: &str) -> Vec<f64> {
    results.trials().iter().map(|trial| trial.get(name).unwrap()).collect()
}

/// Matt R, *Neural Networks* (March 2022), §8: 10⁻⁴ᵖ puts as many points into each decade.
#[test]
fn logarithmic_ranges_fill_each_magnitude_alike() {
    let results = Search::random(space(), 2000, 1).run(|_| Ok(0.0)).unwrap();
    for decade in [1e-4, 1e-3, 1e-2, 1e-1] {
        let inside = values(&results, "rate").into_iter().filter(|rate| (decade..10.0 * decade).contains(rate)).count();
        assert!((420..580).contains(&inside), "{decade}: {inside}");
        // 1 − β from 0.1 to 0.0001 has three decades.
    }
    for decade in [1e-4, 1e-3, 1e-2] {
        let distances = values(&results, "beta").into_iter().map(|beta| 1.0 - beta);
        let inside = distances.filter(|d| (decade..10.0 * decade).contains(d)).count();
        assert!((580..760).contains(&inside), "{decade}: {inside}");
    }
    for nodes in 2..10 {
        let count = values(&results, "nodes").into_iter().filter(|n| *n == f64::from(nodes)).count();
        assert!((190..310).contains(&count), "{nodes}: {count}");
    }
    let seeds: BTreeSet<u64> = results.trials().iter().map(|trial| trial.seed).collect();
    assert_eq!(seeds.len(), 2000);
}

#[test]
fn a_grid_has_all_combinations_from_end_to_end() {
    let results = Search::grid(space(), 3, 0).run(|_| Ok(0.0)).unwrap();
    assert_eq!(results.trials().len(), 3 * 3 * 3 * 2);
    let found: BTreeSet<String> = results.trials().iter().map(|trial| format!("{:?}", trial.settings)).collect();
    assert_eq!(found.len(), 54);
    let mut rates = values(&results, "rate");
    rates.dedup();
    for (rate, expected) in rates.iter().zip([1e-4, 1e-2, 1.0]) {
        assert!((rate / expected - 1.0).abs() < 1e-12);
    }
    let betas: Vec<f64> = values(&results, "beta").into_iter().take(18).step_by(6).collect();
    assert!((1.0 - betas[1] - (0.1 * 0.0001f64).sqrt()).abs() < 1e-12);
    assert!(values(&results, "nodes").contains(&6.0), "2, 5.5 rounded, 9");
    // Whole numbers that are fewer than the grid come once.
    let few = Search::grid(Space::new().whole("n", 1, 3), 9, 0).run(|_| Ok(0.0)).unwrap();
    assert_eq!(values(&few, "n"), [1.0, 2.0, 3.0]);
}

#[test]
fn threads_change_nothing() {
    let run = |threads| Search::random(space(), 40, 3).halving(1, 9, 3).threads(threads).run(score).unwrap();
    let one = run(1);
    assert_eq!(one, run(4));
    assert_eq!(one.to_string(), run(4).to_string());
    assert_eq!(one, Search::random(space(), 40, 3).halving(1, 9, 3).run(score).unwrap());
    assert_ne!(one, Search::random(space(), 40, 4).halving(1, 9, 3).run(score).unwrap());
}

#[test]
fn halving_spends_more_on_the_best() {
    let results = Search::random(space(), 40, 3).halving(2, 20, 3).run(score).unwrap();
    let of = |budget| results.trials().iter().filter(|trial| trial.budget == budget).collect::<Vec<_>>();
    assert_eq!([of(2).len(), of(6).len(), of(18).len()], [40, 14, 5]);
    assert_eq!(results.trials().len(), 59);
    let mut first: Vec<(f64, usize)> = of(2).iter().map(|trial| (score(trial).unwrap(), trial.number)).collect();
    first.sort_by(|a, b| a.partial_cmp(b).unwrap());
    let expected: BTreeSet<usize> = first[..14].iter().map(|(_, number)| *number).collect();
    assert_eq!(of(6).iter().map(|trial| trial.number).collect::<BTreeSet<_>>(), expected);
    assert_eq!(results.best().map(|trial| (trial.number, trial.budget)), Some((first[0].1, 18)));
}

/// Stopped after any trial, written, read, and gone on from.
#[test]
fn a_search_that_is_resumed_is_the_one_that_never_stopped() {
    let search = || Search::random(space(), 12, 3).halving(1, 4, 2).threads(2);
    let whole = search().run(score).unwrap();
    for stop in 1..whole.trials().len() {
        let watch = |results: &Results| match results.trials().len() == stop {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        };
        let part = search().watch(watch).run(score).unwrap();
        assert_eq!(part.trials().len(), stop);
        let part: Results = serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap();
        let made = AtomicUsize::new(0);
        let counted = |trial: &Trial| {
            made.fetch_add(1, Ordering::Relaxed);
            score(trial)
        };
        assert_eq!(search().resume(part).run(counted).unwrap(), whole, "stopped after {stop}");
        assert_eq!(made.into_inner(), whole.trials().len() - stop);
    }
    // More trials contain those of fewer.
    let few = Search::random(space(), 5, 3).run(score).unwrap();
    let more = Search::random(space(), 9, 3).resume(few.clone()).run(score).unwrap();
    assert_eq!(more.trials()[..5], *few.trials());
}

#[test]
fn results_of_another_search_are_refused() {
    let results = Search::random(space(), 5, 3).run(score).unwrap();
    let refused = |search: Search<'_>| search.resume(results.clone()).run(score).unwrap_err().message().to_owned();
    let message = "the results to go on from are those of another search: see trial 0";
    assert_eq!(refused(Search::random(space(), 5, 4)), message);
    assert_eq!(refused(Search::random(space().choice("q", [1.0]), 5, 3)), message);
    assert_eq!(refused(Search::random(space(), 5, 3).largest()), message);
    assert_eq!(refused(Search::random(space(), 5, 3).halving(2, 8, 2)), message);
    assert!(refused(Search::random(space(), 3, 3)).contains("see trial 3"));
}

#[test]
fn trials_that_fail_are_shown_and_the_others_go_on() {
    let results = Search::grid(Space::new().choice("x", [1.0, 2.0, 3.0, 4.0]), 1, 0)
        .largest()
        .run(|trial| match trial.count("x")? {
            1 => Err(Error::new(ErrorKind::NotFinite, "step", "the loss is NaN")),
            2 => Ok(f64::INFINITY),
            n => Ok(n as f64),
        })
        .unwrap();
    assert_eq!(results.best().unwrap().score, Some(4.0));
    let expected = "\
trial  budget           x       score
    3       1           4           4
    2       1           3           3
    0       1           1  failed: the loss is NaN
    1       1           2  failed: the score is inf
";
    assert_eq!(results.to_string(), expected);
    let svg = results.chart("x").unwrap().to_svg();
    assert_eq!(svg.matches("<circle").count(), 2);
    assert!(results.chart("y").is_err());
}

#[test]
fn a_search_that_cannot_be_is_refused() {
    let message = |space: Space| Search::random(space, 1, 0).run(|_| Ok(0.0)).unwrap_err().message().to_owned();
    assert_eq!(message(Space::new()), "there are no settings to search");
    assert_eq!(message(space().choice("p", [1.0])), "there are two settings `p`");
    assert_eq!(message(Space::new().log("rate", 0.0, 1.0)), "the range of `rate` is Log(0.0, 1.0)");
    assert!(message(Space::new().choice("x", [])).contains("`x`"));
    assert!(message(Space::new().one_minus_log("x", 0.9, 1.0)).contains("`x`"));
    assert!(message(Space::new().uniform("x", 1.0, 0.0)).contains("`x`"));
    assert!(message(Space::new().whole("x", 2, 1)).contains("`x`"));
    assert!(Search::random(space(), 0, 0).run(score).is_err());
    let error = Search::random(space(), 1, 0).threads(0).run(score).unwrap_err();
    assert!(error.to_string().contains("search.rs"), "{error}");
}

/// λ by the error on the validation part (the notes call it the development set), and the error on the test part once: Matt R, *Neural Networks* (March 2022), §5.
#[test]
fn a_penalty_is_chosen_by_the_validation_part() {
    use crate::real::diabetes;
    use nn::{Network, NetworkConfig};
    let [train, validation, test] = diabetes().partition([0.1, 0.45, 0.45], 5).unwrap();
    let fitted = |lambda: f64| -> Result<Network<f64>> {
        let mut network = Network::new(NetworkConfig::linear(10).lp_reg(2, lambda).epochs(500))?;
        network.fit(&train)?;
        Ok(network)
    };
    let space = Space::new().log("lambda", 1e-2, 1e3);
    let results =
        Search::grid(space, 11, 0).largest().run(|trial| fitted(trial.get("lambda")?)?.score(&validation)).unwrap();
    let best = results.best().unwrap();
    let lambda = best.get("lambda").unwrap();
    // With 44 examples of ten features, some penalty helps, and too much hurts.
    assert!(lambda > 0.01 && lambda < 1e3, "{results}");
    let (chosen, none) = (fitted(lambda).unwrap().score(&test).unwrap(), fitted(0.0).unwrap().score(&test).unwrap());
    assert!(chosen > none, "{chosen} {none}");
}
