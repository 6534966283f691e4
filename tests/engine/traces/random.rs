//! Random tapes: the state is a function of the time, and shares are parts of a whole.

use autodiff::Tape;
use autodiff::check::strategy;
use autodiff::inspect::{Event, Stepper};
use proptest::prelude::*;

/// Everything that a state knows, to the bit.
fn bytes(stepper: &Stepper<'_, f64>) -> Vec<u8> {
    let state = stepper.state();
    let mut bytes = state.to_string().into_bytes();
    for node in state.trace().nodes() {
        for array in [state.value(node.id()), state.cotangent(node.id())].into_iter().flatten() {
            bytes.extend(array.iter().flat_map(|x| x.to_bits().to_le_bytes()));
        }
        for (_, share) in state.shares(node.id()) {
            bytes.extend(share.to_bits().to_le_bytes());
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(crate::cases(20)) })]

    /// 200 visiting orders: ten for each of twenty random tapes.
    #[test]
    fn the_state_does_not_depend_on_the_way_there(
        recipe in strategy::programs(12),
        orders in prop::collection::vec(prop::collection::vec((any::<usize>(), 0u8..3), 1..12), 10),
    ) {
        let tape = Tape::<f64>::new();
        let (_, y) = recipe.record(&tape).expect("well typed");
        let trace = y.trace().expect("a number");
        let mut straight = Vec::new();
        let mut walk = Stepper::new(&trace);
        loop {
            straight.push(bytes(&walk));
            if walk.step().is_none() {
                break;
            }
        }
        for order in orders {
            let mut stepper = Stepper::new(&trace);
            for (to, how) in order {
                match how {
                    0 => stepper.goto(to % (trace.len() + 1)),
                    1 => { stepper.step(); }
                    _ => { stepper.back(); }
                }
                prop_assert!(bytes(&stepper) == straight[stepper.time()], "time {}", stepper.time());
            }
        }
    }

    #[test]
    fn shares_sum_to_one_or_are_blank(recipe in strategy::programs(24)) {
        let tape = Tape::<f64>::new();
        let (_, y) = recipe.record(&tape).expect("well typed");
        let trace = y.trace().expect("a number");
        let seeds: Vec<_> =
            trace.events().iter().filter_map(|event| if let Event::Seed(id) = event { Some(*id) } else { None }).collect();
        let end = trace.at(trace.len());
        for node in trace.nodes().filter(|node| !seeds.contains(&node.id())) {
            let shares: Vec<f64> = end.shares(node.id()).into_iter().map(|(_, share)| share).collect();
            match end.cotangent(node.id()) {
                Some(sum) if sum.iter().any(|x| *x != 0.0) && sum.iter().all(|x| x.abs() < 1e150) => {
                    let (total, magnitude): (f64, f64) = shares.iter().fold((0.0, 0.0), |(a, b), x| (a + x, b + x.abs()));
                    let tiny = sum.iter().all(|x| x.abs() < 1e-150);
                    prop_assert!(tiny || (total - 1.0).abs() <= 1e-12 * magnitude.max(1.0), "{} of {}", total, node.call());
                }
                Some(sum) if sum.iter().all(|x| *x == 0.0) => prop_assert!(shares.is_empty()),
                _ => {}
            }
        }
    }
}
