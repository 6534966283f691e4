//! A step that would write a number that is not finite is refused before it writes anything, planned and recorded alike.

use autodiff::{ErrorKind, Real, Var};
use ndarray::{ArrayD, IxDyn};
use nn::{
    Adagrad, Adam, AdamW, AmsGrad, ClipValue, Dataset, Dense, Groups, HeavyBall, Init, LARGEST_RATE, Lamb, Lion,
    Module, Momentum, NAdam, Nesterov, Optimizer, OptimizerState, Param, ParameterState, Position, Random, Recurrence,
    RmsProp, Schedule, Scheduled, Sgd, Step, loss,
};

/// A layer without bias from `inputs` numbers to one, from zero.
fn line<F: Real>(inputs: usize) -> Dense<F> {
    Dense::new(inputs, 1, Init::Zeros, &mut Random::new(0)).without_bias()
}

/// One example, all of whose features are x.
fn example<F: Real>(inputs: usize, x: f64, y: f64) -> Dataset<F> {
    let array = |n, number: f64| ArrayD::from_elem(IxDyn(&[1, n]), F::of(number));
    Dataset::valued(array(inputs, x), array(1, y)).unwrap()
}

/// Steps on these examples; of the last, which has to be refused, the message. Everything is as it was before it.
fn refused<F: Real>(optimizer: impl Optimizer<F>, inputs: usize, steps: &[(f64, f64)], eagerly: bool) -> String {
    let mut model = line::<F>(inputs);
    let mut step = Step::new(optimizer, loss::half_squared);
    if eagerly {
        step = step.eagerly();
    }
    let (last, before) = steps.split_last().unwrap();
    for (x, y) in before {
        step.run(&mut model, &example(inputs, *x, *y), 0).unwrap();
    }
    let (weight, state) = (model.weight().array().to_owned(), step.state().clone());
    let error = step.run(&mut model, &example(inputs, last.0, last.1), 0).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFinite, "{error}");
    assert_eq!(model.weight().array(), weight);
    assert_eq!(step.state(), &state);
    // What was refused is forgotten: a step on ordinary numbers is made.
    step.run(&mut model, &example(inputs, 0.5, 0.25), 0).unwrap();
    assert!(model.weight().array().iter().all(|w| w.is_finite()));
    error.message().to_owned()
}

/// The message of both ways, for arrays that are updated in place and for smaller ones.
#[track_caller]
fn both<F: Real>(optimizer: impl Optimizer<F> + Copy, steps: &[(f64, f64)]) -> String {
    let [first, others @ ..] = [(1, false), (1, true), (3000, false), (3000, true)]
        .map(|(inputs, eagerly)| refused(optimizer, inputs, steps, eagerly));
    others.iter().for_each(|other| assert_eq!(*other, first));
    first
}

#[test]
fn a_gradient_whose_square_is_infinite_does_not_stop_adam_for_ever() {
    let message = both::<f32>(Adam::new(0.1), &[(1e10, 1e10)]);
    assert!(message.contains("`v` of `weight` in the optimizer's state would be inf after step 1"), "{message}");
    both::<f64>(Adam::new(0.1), &[(1e80, 1e80)]);
    // Beyond the limit, but of a finite square: not replayed, and made all the same.
    let mut model = line::<f32>(1);
    let mut step = Step::new(Adam::new(0.1), loss::half_squared);
    step.run(&mut model, &example(1, 1e9, 1.5e10), 0).unwrap();
    assert!(step.state().get("weight", "v").unwrap().iter().all(|v| v.is_finite() && *v > 0.0));
}

#[test]
fn adam_without_an_epsilon_divides_nothing_by_nothing() {
    let message = both::<f64>(Adam { epsilon: 0.0, ..Adam::new(0.1) }, &[(0.0, 1.0)]);
    assert!(message.contains("the parameter `weight` would be NaN after step 1"), "{message}");
    // In single precision this ε would be 0, too.
    let mut step = Step::new(Adam { epsilon: 1e-60, ..Adam::new(0.1) }, loss::half_squared);
    let error = step.run(&mut line::<f32>(1), &example(1, 0.0, 1.0), 0).unwrap_err();
    assert!(error.message().contains("1e-60 is smaller than any f32 but 0"), "{error}");
}

#[test]
fn a_rate_that_makes_a_parameter_infinite() {
    let message = both::<f32>(Sgd::new(1e30), &[(1e5, 1e5)]);
    assert!(message.contains("the parameter `weight` would be inf after step 1"), "{message}");
    both::<f32>(Momentum::new(1e30), &[(1e5, 1e5)]);
    // A schedule that begins with an ordinary rate, for which the step was planned.
    let growing = |at: Position| if at.step == 2 { 1e33 } else { 1.0 };
    let growing: fn(Position) -> f64 = growing;
    both::<f32>(Scheduled::new(growing, Sgd::new(1e-9)), &[(0.5, 0.25), (1e8, 1e8)]);
}

/// w ← w − g, and a number that grows.
#[derive(Clone, Copy, Debug)]
struct Counting {
    factor: f64,
}

impl Recurrence for Counting {
    fn rate(&self, _: Position) -> f64 {
        1.0
    }

    fn update<'t, F: Real>(
        &self,
        w: Var<'t, F>,
        g: Var<'t, F>,
        state: &mut ParameterState<'t, '_, F>,
        _: Schedule<'t, F>,
    ) -> Var<'t, F> {
        state.update("sum", |sum| sum + g * self.factor);
        w - g * 1e-6
    }
}

#[test]
fn an_optimizer_that_names_no_limit_is_looked_at() {
    let message = both::<f32>(Counting { factor: 1e30 }, &[(0.5, 0.25), (1e4, 1e6)]);
    assert!(message.contains("`sum` of `weight` in the optimizer's state would be -inf after step 2"), "{message}");
}

#[test]
fn wrappers_name_no_limit() {
    let groups = Groups::new(|_: &str| nn::Group::default(), Sgd::new(0.1));
    assert_eq!(Optimizer::<f32>::largest_gradient(&groups), None);
    assert_eq!(Optimizer::<f32>::largest_gradient(&Adam::new(0.1)).map(|g| g.is_finite()), Some(true));
    let _: &dyn Module<f32> = &line::<f32>(1);
}

/// Whatever limit an optimizer names, gradients up to it leave finite numbers behind, at the largest rate and step after step.
fn stays_in_range(optimizer: impl Optimizer<f32> + Copy, name: &str) {
    let Some(limit) = optimizer.largest_gradient() else { panic!("{name} names no limit") };
    assert!(limit > 1e6 && limit.is_finite(), "{name}: {limit}");
    // Gradients that do not change, and those that come all at once.
    for quiet in [0, 500] {
        let (mut model, mut state) = (Param::<f32>::new([0.0, 0.0]), OptimizerState::new());
        for step in 0..1000 {
            let g = if step < quiet { 0.0 } else { limit };
            let gradient = [(String::new(), ndarray::array![g, -g].into_dyn())];
            state.apply(&optimizer, &mut model, &gradient).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[test]
fn the_limits_of_optimizers_keep_their_promise() {
    let rate = LARGEST_RATE;
    stays_in_range(Sgd::new(rate), "Sgd");
    stays_in_range(Momentum::new(rate), "Momentum");
    stays_in_range(HeavyBall { rate, beta: 0.99 }, "HeavyBall");
    stays_in_range(Nesterov { rate, beta: 0.99 }, "Nesterov");
    stays_in_range(Adagrad::new(rate), "Adagrad");
    stays_in_range(RmsProp::new(rate), "RmsProp");
    stays_in_range(RmsProp { centred: true, beta: 0.9, ..RmsProp::new(rate) }, "RmsProp, centred");
    stays_in_range(Adam::new(rate), "Adam");
    stays_in_range(Adam { epsilon: 0.0, epsilon_root: 1e-8, ..Adam::new(rate) }, "Adam, inside");
    stays_in_range(AmsGrad::new(rate), "AmsGrad");
    stays_in_range(AdamW { decay: 0.0, ..AdamW::new(rate) }, "AdamW");
    stays_in_range(NAdam::new(rate), "NAdam");
    stays_in_range(Lion::new(rate), "Lion");
    stays_in_range(ClipValue::new(1.0, Adam::new(rate)), "ClipValue");
}

#[test]
fn optimizers_whose_steps_grow_with_the_parameters_name_no_limit() {
    fn limit(optimizer: impl Optimizer<f32>) -> Option<f32> {
        optimizer.largest_gradient()
    }
    assert_eq!(limit(AdamW::new(0.1)), None);
    assert_eq!(limit(Lion { decay: 0.1, ..Lion::new(0.1) }), None);
    assert_eq!(limit(Lamb::new(0.1)), None);
    assert_eq!(limit(Adagrad { epsilon: 0.0, ..Adagrad::new(0.1) }), None);
    // Decay alone, at a rate of α·λ = 10⁴, multiplies the parameters by 10⁴ in every step: refused before it is infinite.
    let (mut model, data) = (line::<f32>(1), example(1, 0.5, 0.25));
    let mut step = Step::new(AdamW::new(1e6), loss::half_squared);
    let refused = (0..20).find_map(|key| step.run(&mut model, &data, key).err()).unwrap();
    assert_eq!(refused.kind(), ErrorKind::NotFinite);
    assert!(model.weight().array().iter().all(|w| w.is_finite()));
}
