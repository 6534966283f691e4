//! Programs given what they were not recorded with, and registries asked for what they do not know.

use crate::check;
use autodiff::{Arg, Attributes, ErrorKind, Input, Program, Registry, Tape};
use expect_test::expect;
use ndarray::array;

fn program() -> Program<f64> {
    let tape = Tape::new();
    let x = tape.input([[1.0, 2.0], [3.0, 4.0]]).named("x");
    let labels = tape.index(array![0, 1]).named("labels");
    let key = tape.key(1).named("key");
    tape.program(&[x.pick(labels).sum(..) + key.uniform([2], 0).sum(..)]).unwrap()
}

#[test]
fn inputs_of_another_number_kind_or_shape() {
    let program = program();
    let x = Input::real([[1.0, 2.0], [3.0, 4.0]]);
    let run = |inputs: &[Input<f64>]| program.run(inputs).unwrap_err();
    assert_eq!(run(&[]).kind(), ErrorKind::ProgramInput);
    check(
        run(std::slice::from_ref(&x)),
        expect![[r#"
            run: the program has 3 inputs, got 1
              input 0: x : f64[2, 2], input at tests/errors/programs.rs:_
              input 1: labels : index[2], index at tests/errors/programs.rs:_
              input 2: key : key, key at tests/errors/programs.rs:_
        "#]],
    );
    check(
        run(&[Input::index(array![1]), Input::index(array![0, 1]), Input::Key(1)]),
        expect![[r#"
            run: input 0 should be f64[2, 2], got index[1]
              input 0: x : f64[2, 2], input at tests/errors/programs.rs:_
        "#]],
    );
    check(
        run(&[x.clone(), Input::index(array![0, 1, 1]), Input::Key(1)]),
        expect![[r#"
            run: input 1 should be index[2], got index[3]
              input 1: labels : index[2], index at tests/errors/programs.rs:_
        "#]],
    );
    check(
        run(&[x.clone(), Input::index(array![0, 1]), Input::real(1.0)]),
        expect![[r#"
            run: input 2 should be key, got f64[]
              input 2: key : key, key at tests/errors/programs.rs:_
        "#]],
    );
    check(
        run(&[x, Input::index(array![0, 2]), Input::Key(1)]),
        expect![[r#"
            pick: index 2 (element 1) is out of range: there are 2 columns, from 0
              at tests/errors/programs.rs:_
              x: x : f64[2, 2], input at tests/errors/programs.rs:_
              i: labels : index[2], index at tests/errors/programs.rs:_
        "#]],
    );
}

#[test]
fn arguments_that_do_not_fit() {
    let program = program();
    let tape = Tape::<f64>::new();
    let (x, i, key) = (tape.input([1.0, 2.0]).named("other"), tape.index(array![0, 1]), tape.key(2));
    check(
        program.record(&tape, &[x.into()]).unwrap_err(),
        expect![[r#"
            record: the program has 3 inputs, got 1
              input 0: x : f64[2, 2], input at tests/errors/programs.rs:_
              input 1: labels : index[2], index at tests/errors/programs.rs:_
              input 2: key : key, key at tests/errors/programs.rs:_
        "#]],
    );
    check(
        program.record(&tape, &[x.into(), i.into(), key.into()]).unwrap_err(),
        expect![[r#"
            record: input 0 should be f64[2, 2], got f64[2]
              input 0: x : f64[2, 2], input at tests/errors/programs.rs:_
        "#]],
    );
}

#[test]
fn derivatives_of_programs() {
    let program = program();
    check(
        program.grad(&[1]).unwrap_err(),
        expect![[r#"
            derivative: input 1 is not an array of reals
        "#]],
    );
    check(
        program.jvp(&[5]).unwrap_err(),
        expect![[r#"
            derivative: there is no input 5; the program has 3
        "#]],
    );
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]).named("x");
    check(
        tape.program(&[x, x]).unwrap().grad(&[0]).unwrap_err(),
        expect![[r#"
        grad: a gradient is of one number; the program has 2 outputs
    "#]],
    );
    check(
        tape.program(&[x.tanh()]).unwrap().grad(&[0]).unwrap_err(),
        expect![[r#"
        gradient: the gradient of an array [2] needs a seed
          at tests/errors/programs.rs:_
          y: %1 : f64[2], tanh at tests/errors/programs.rs:_
          help: reduce it to a number with `sum(..)` or `mean(..)`, or give a seed: `pullback(seed, …)`
    "#]],
    );
    check(
        tape.program(&[x.sign().sum(..)]).unwrap().grad(&[0]).unwrap_err(),
        expect![[r#"
            gradient: a path to `x` leads through `sign`: sign jumps at 0 and is constant elsewhere, so a gradient through it tells nothing; use tanh or a sigmoid, or cut it off with `stop_gradient`
              at tests/errors/programs.rs:_
              x: x : f64[2], input at tests/errors/programs.rs:_
              through: %1 : f64[2], sign at tests/errors/programs.rs:_
        "#]],
    );
}

#[test]
fn what_a_registry_does_not_know() {
    let registry = Registry::<f64>::standard();
    let none = Attributes::new;
    let make = |name: &str, attributes: Attributes| registry.make(name, &attributes, &[]).unwrap_err();
    assert_eq!(make("no_such_primitive", none()).kind(), ErrorKind::Registry);
    check(
        make("no_such_primitive", none()),
        expect![[r#"
            no_such_primitive: the registry does not know this primitive
              help: add it with `registry.with(Entry::new(example, make))`
        "#]],
    );
    check(
        make("powi", none()),
        expect![[r#"
            powi: the attribute `n` should be an integer; got ()
        "#]],
    );
    check(
        make("powi", none().with_integer("n", 1 << 40)),
        expect![[r#"
        powi: the exponent 1099511627776 is not between -2147483648 and 2147483647
    "#]],
    );
    check(
        make("sum", none().with_list("axes", &[0]).with_real("keep", 1.0)),
        expect![[r#"
            sum: the attribute `keep` should be true or false; got (axes=[0], keep=1.0)
        "#]],
    );
    check(
        make("slice", none().with_integer("axis", -1)),
        expect![[r#"
            slice: the attribute `axis` should be an integer that is not negative; got (axis=-1)
        "#]],
    );
}

/// What a machine cannot hold is not a matter of shapes that do not fit.
#[test]
fn a_plan_that_no_memory_holds() {
    let tape = Tape::<f64>::symbolic();
    let x = tape.symbolic_input([1 << 44]);
    let error = tape.program(&[x.exp()]).unwrap().plan().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Resources, "{error}");
}

/// Of outputs that are no arrays of reals there is no derivative; the line is the user's.
#[test]
fn derivatives_of_programs_that_return_indices() {
    let tape = Tape::<f64>::new();
    let x = tape.input([3.0, 1.0]);
    let both = tape.program(&[Arg::from(x), x.argmax(..).into()]).unwrap();
    check(
        both.vjp(&[0]).unwrap_err(),
        expect![[r#"
            vjp: output 1 is an array of indices; a derivative is one of arrays of reals
              at tests/errors/programs.rs:_
              help: `returning` makes the program of some of the outputs
        "#]],
    );
    let error = both.jvp(&[0]).unwrap_err();
    assert_eq!((error.operation(), error.kind()), ("jvp", ErrorKind::Mismatch));
    let index = both.returning(&[1]).unwrap();
    for error in [index.grad(&[0]).unwrap_err(), index.value_and_grad(&[0]).unwrap_err()] {
        assert_eq!((error.operation(), error.kind()), ("grad", ErrorKind::Mismatch));
        assert!(error.to_string().contains("tests/errors/programs.rs:"), "{error}");
    }
    // So is that of a handle of another kind.
    let found = both.record(&tape, &[x.into()]).unwrap();
    let errors = [found[1].error(), Arg::from(x).index().to_real().error(), Arg::from(x).key().uniform([1], 0).error()];
    for error in errors {
        let text = error.unwrap().to_string();
        assert!(text.contains("tests/errors/programs.rs:") && !text.contains("autodiff/src"), "{text}");
    }
}

/// What a loop hands to its body was recorded where the loop stands.
#[test]
fn what_a_body_is_given_has_the_line_of_the_loop() {
    let tape = Tape::<f64>::new();
    let (x, rows) = (tape.input([1.0, 2.0, 3.0]), tape.input([[1.0, 2.0]]));
    let inside = tape.scan(1, [x], [rows], |_, [h], [row]| ([h * row], [])).0[0].error().unwrap();
    let rows = tape.scan(3, [x], [rows], |_, [h], [_]| ([h], [])).0[0].error().unwrap();
    assert!(inside.message().contains("do not broadcast") && rows.message().contains("should be 3 long"));
    for error in [inside, rows] {
        let text = error.to_string();
        assert!(text.contains("tests/errors/programs.rs:") && !text.contains("autodiff/src"), "{text}");
    }
}
