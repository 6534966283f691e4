//! Compositions with a reverse rule of their own (`Tape::with_rule`): in programs and plans, in loops, as text, and in the
//! other precision.

use autodiff::{ErrorKind, Input, Program, Real, Registry, Tape, Var};
use expect_test::expect;
use ndarray::ArrayD;

/// log(1 + eˣ), whose composed derivative is ∞/∞ for large x.
fn softplus<'t, F: Real>(x: Var<'t, F>) -> Var<'t, F> {
    let rule = x.tape().with_rule(
        "tests::softplus",
        &[x],
        |x| (x[0].exp() + 1.0).log(),
        |at, dy| at.one(|| dy * at.x(0).sigmoid()),
    );
    rule.unwrap()
}

/// x, whose cotangents are cut to [−most, most].
fn clipped(x: Var<'_, f64>, most: f64) -> Var<'_, f64> {
    let rule = x.tape().with_rule("tests::clipped", &[x], |x| x[0], move |at, dy| at.one(|| dy.clamp(-most, most)));
    rule.unwrap()
}

/// The results of `program` by the interpreter; a plan with one thread and with two, and the simplified program, give the
/// same bits.
fn results<F: Real>(program: &Program<F>, inputs: &[Input<F>]) -> Vec<ArrayD<F>> {
    let expected = program.run(inputs).unwrap();
    let same = |found: &[ArrayD<F>], what: &str| {
        for (found, expected) in found.iter().zip(&expected) {
            let bits = |x: &ArrayD<F>| x.iter().map(|x| x.double().to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(found), bits(expected), "{what}\n{program}");
        }
    };
    same(&program.simplified().run(inputs).unwrap(), "simplified");
    for threads in [1, 2] {
        let mut plan = program.planner().threads(threads).in_small(3).plan().unwrap();
        for _ in 0..2 {
            same(&plan.run(inputs).unwrap(), "planned");
        }
    }
    expected
}

fn in_a_program<F: Real>(huge: f64) {
    let tape = Tape::<F>::new();
    let numbers = [-3.0, 0.0, 0.5, 2.0, huge].map(F::of);
    let x = tape.input(numbers);
    let y = (softplus(x * 1.0) * 2.0).sum(..);
    let dy = y.gradient(&[x]).unwrap()[0];
    let ddy = (dy * dy).sum(..).gradient(&[x]).unwrap()[0];
    let program = tape.program(&[y, dy, ddy]).unwrap();
    let found = results(&program, &[Input::real(numbers)]);
    for (found, recorded) in found.iter().zip([y, dy, ddy]) {
        assert_eq!(*found, recorded.value().unwrap());
    }
    // The rule, and the derivative of the rule: 2σ, and the gradient of (2σ)², which is 8σ·σ·(1 − σ).
    for ((x, dy), ddy) in numbers.iter().zip(&found[1]).zip(&found[2]) {
        let sigma = 1.0 / (1.0 + (-x.double()).exp());
        let close = |a: F, b: f64| (a.double() - b).abs() <= 4.0 * F::epsilon().double() * b.abs().max(1.0);
        assert!(close(*dy, 2.0 * sigma) && close(*ddy, 8.0 * sigma * sigma * (1.0 - sigma)), "{dy:?} {ddy:?}");
    }
    // The program's own derivatives follow the rule, too; forward mode is composed, and overflows.
    let value = tape.program(&[y]).unwrap();
    assert_eq!(results(&value.grad(&[0]).unwrap(), &[Input::real(numbers)])[0], found[1]);
    let ones = Input::real([F::one(); 5]);
    assert!(results(&value.jvp(&[0]).unwrap(), &[Input::real(numbers), ones])[0].iter().all(|x| x.is_nan()));
}

#[test]
fn a_rule_is_followed_by_programs_and_plans() {
    in_a_program::<f64>(800.0);
    in_a_program::<f32>(100.0);
}

/// A plan writes the composition out in its place: one loop has what is around it and what is inside.
#[test]
fn a_plan_fuses_across_a_rule() {
    let tape = Tape::<f64>::new();
    let x = tape.input(vec![0.5; 5000]);
    let plan = tape.program(&[softplus(x.sin()).cos()]).unwrap().plan().unwrap();
    let text = plan.explain();
    assert!(text.contains("loop over 5000: sin, exp, add, log, cos"), "{text}");
}

#[test]
fn a_rule_is_followed_in_loops_conditions_and_other_compositions() {
    let tape = Tape::<f64>::new();
    let (x, xs) = (tape.input(700.0), tape.input([20.0, 3.0, 800.0]));
    let ([last], [all]) = tape.scan(3, [x], [xs], |_, [c], [x]| {
        let [y] = c.tape().cond(c.gt(100.0), || [softplus(c + x)], || [softplus(c)]);
        ([y], [y * 2.0])
    });
    // Softplus of softplus, with the composed derivative behind the rule.
    let nested =
        tape.with_rule("tests::twice", &[x], |x| softplus(softplus(x[0])), |at, dy| at.one(|| dy * 3.0)).unwrap();
    let y = last + all.sum(..) + nested;
    let gradients = y.gradient(&[x, xs]).unwrap();
    let program = tape.program(&[y, gradients[0], gradients[1]]).unwrap();
    let found = results(&program, &[Input::real(700.0), Input::real([20.0, 3.0, 800.0])]);
    assert_eq!(found[0], y.value().unwrap());
    // All slopes are 1 here: 1 of the last carry, 2 of each of three outputs, 3 of the rule around.
    assert_eq!(found[1].first(), Some(&10.0));
    assert_eq!(found[2], ndarray::array![7.0, 5.0, 3.0].into_dyn());
}

#[test]
fn two_rules_of_one_name_are_two() {
    let tape = Tape::<f64>::new();
    let x = tape.input([0.5, -4.0]);
    let y = (clipped(x, 1.0).square() + clipped(x, 3.0).square()).sum(..);
    let expected = ndarray::array![1.0 + 1.0, -1.0 - 3.0].into_dyn();
    assert_eq!(y.backward().unwrap().get(x).unwrap(), expected);
    let program = tape.program(&[y]).unwrap();
    let inputs = [Input::real([0.5, -4.0])];
    assert_eq!(results(&program.grad(&[0]).unwrap(), &inputs)[0], expected);
    assert_eq!(results(&program.simplified().grad(&[0]).unwrap(), &inputs)[0], expected);
    // One of them twice is one.
    let one = clipped(x, 1.0);
    let again = tape.program(&[one.square(), one.square()]).unwrap().simplified();
    assert_eq!(again.nodes().filter(|node| node.operation() == "tests::clipped").count(), 1);
    // So it is beside another of the same name.
    let other = clipped(x, 3.0);
    let both = tape.program(&[one + other]).unwrap();
    let tape = Tape::<f64>::new();
    let x = tape.input([0.5, -4.0]);
    let sums = [both.record(&tape, &[x.into()]).unwrap()[0], both.record(&tape, &[x.into()]).unwrap()[0]];
    let twice = tape.program(&sums).unwrap();
    assert_eq!(twice.nodes().filter(|node| node.operation() == "tests::clipped").count(), 4);
    assert_eq!(twice.simplified().nodes().filter(|node| node.operation() == "tests::clipped").count(), 2);
}

#[test]
fn a_text_has_the_composition_and_is_not_read_without_the_rule() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    let program = tape.program(&[softplus(x).sum(..)]).unwrap();
    expect![[r#"
        program 2 f64
        body softplus_1
          %0 : f64[2] = input
          %1 : f64[2] = exp(%0)
          %2 : f64[]  = constant(1.0)
          %3 : f64[2] = broadcast_to(%2; shape=[2])
          %4 : f64[2] = add(%1, %3)
          %5 : f64[2] = log(%4)
          return %5
          %0 x : f64[2] = input
          %1   : f64[2] = tests::softplus(%0; body=softplus_1)
          %2   : f64[]  = sum(%1; axes=[0], keep=false)
          return %2
    "#]]
    .assert_eq(&program.to_text());
    let error = Program::<f64>::parse(&program.to_text(), &Registry::standard()).unwrap_err();
    expect![[r#"
        parse: line 11, column 19: there is no operation `tests::softplus`
          11 |   %1   : f64[2] = tests::softplus(%0; body=softplus_1)
             |                   ^^^^^^^^^^^^^^^
          help: a primitive of another crate is read with a registry that has it: `registry.with(entry)`
    "#]]
    .assert_eq(&format!("{error}\n"));
    // What the rule recorded is there to be read, where the composition is not needed.
    let gradient = program.grad(&[0]).unwrap().simplified();
    let text = gradient.to_text();
    let back = Program::<f64>::parse(&text, &Registry::standard()).unwrap();
    assert_eq!(back.to_text(), text);
}

#[test]
fn a_rule_has_one_precision() {
    let tape = Tape::<f32>::new();
    let x = tape.input([1.0f32, 2.0]).named("x");
    let error = tape.program(&[softplus(x)]).unwrap().cast::<f64>(&Registry::standard()).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Registry, "tests::softplus"));
    assert_eq!(error.message(), "the registry does not know this primitive");
    assert!(error.help().is_some_and(|help| help.contains("`Tape::with_rule` is a function of one type")), "{error}");
    assert!(error.place().is_some_and(|place| place.to_string().contains("custom_rules.rs")), "{error}");
}

/// What a rule is to those who look at the program: a primitive with a name, a formula, and operands of one shape.
#[test]
fn a_rule_is_a_primitive() {
    let tape = Tape::<f64>::new();
    let y = clipped(tape.input([0.5, -4.0]), 1.0);
    let program = tape.program(&[y]).unwrap();
    let node = program.node(*program.output_ids().first().unwrap()).unwrap();
    let primitive = node.primitive().unwrap();
    assert!(format!("{primitive:?}").contains("tests::clipped of 1 nodes"), "{primitive:?}");
    assert_eq!(primitive.formula(), "a composition with a reverse rule of its own");
    assert_eq!(primitive.shape(&[&[2].into()]).unwrap(), [2].into());
    for shapes in [&[&[3].into()][..], &[], &[&[2].into(), &[2].into()]] {
        assert!(primitive.shape(shapes).is_err(), "{shapes:?}");
    }
}
