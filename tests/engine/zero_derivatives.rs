//! A derivative that is zero is the number 0 where a function or a program is differentiated; only what is built by hand, var
//! by var, says why there is none.

use autodiff::{Error, ErrorKind, Feed, Input, Program, Registry, Tape, Var};
use ndarray::{Array2, ArrayD, array};

type Function = for<'t> fn(Var<'t, f64>) -> Var<'t, f64>;

/// Functions of [1, 2] whose gradient is zero, each for another reason.
const FLAT: [(&str, Function); 5] = [
    ("constant", |x| x.tape().constant(3.0)),
    ("beside the way", |x| {
        let _aside = x * 2.0;
        x.tape().constant(3.0) * 2.0
    }),
    ("cut off", |x| x.stop_gradient().square().sum(..)),
    ("only an index", |x| x.tape().constant([5.0, 7.0]).gather(x.argmax(0))),
    ("only as a condition", |x| x.gt(1.5).select(x.tape().constant(1.0), x.tape().constant(2.0)).sum(..)),
];

#[test]
fn of_functions_at_every_order() {
    let x = [1.0, 2.0];
    for (name, f) in FLAT {
        assert_eq!(autodiff::grad(f, x).unwrap(), ArrayD::zeros(vec![2]), "{name}");
        assert_eq!(autodiff::jacobian(f, x).unwrap(), Array2::zeros((1, 2)), "{name}");
        assert_eq!(autodiff::hessian(f, x).unwrap(), Array2::zeros((2, 2)), "{name}");
        assert_eq!(autodiff::hvp(f, x, [1.0, 1.0]).unwrap(), ArrayD::zeros(vec![2]), "{name}");
        assert_eq!(autodiff::jvp(f, x, [1.0, 1.0]).unwrap().1.sum(), 0.0, "{name}");
    }
    // Linear: the gradient is a constant, whose own gradients of every order are zero.
    let linear: Function = |x| (x * 2.0).sum(..).gradient_of(x).sum(..).gradient_of(x);
    let tape = Tape::new();
    let x = tape.input([1.0, 2.0]);
    assert_eq!(linear(x).value().unwrap(), array![0.0, 0.0].into_dyn());
    assert_eq!(linear(x).sum(..).gradient_of(x).value().unwrap(), array![0.0, 0.0].into_dyn());
}

#[test]
fn of_programs_however_they_run() -> Result<(), Error> {
    for (name, f) in FLAT {
        let tape = Tape::new();
        let (x, w) = (tape.input([1.0, 2.0]), tape.input([3.0, 4.0]));
        let program = tape.program(&[f(x) + w.sum(..)])?;
        let point = [Input::real([1.0, 2.0]), Input::real([3.0, 4.0])];
        let gradient = program.grad(&[0, 1])?;
        let found = gradient.run(&point)?;
        assert_eq!(found, [array![0.0, 0.0].into_dyn(), array![1.0, 1.0].into_dyn()], "{name}");
        let mut plan = gradient.planner().plan()?;
        plan.execute(&mut [Feed::Real(&[1.0, 2.0]), Feed::Real(&[3.0, 4.0])])?;
        assert_eq!(plan.output(0).unwrap(), found[0].view(), "{name}");
        let read = Program::parse(&gradient.to_text(), &Registry::standard())?;
        assert_eq!(read.run(&point)?, found, "{name}");
        // Of a gradient that is linear, and of its own gradient.
        let zeros = [array![0.0, 0.0].into_dyn()];
        let with_seed = [point[0].clone(), point[1].clone(), Input::real(1.0)];
        assert_eq!(program.vjp(&[0])?.run(&with_seed)?, zeros, "{name}");
        let along = [point[0].clone(), point[1].clone(), Input::real([1.0, 1.0])];
        assert_eq!(program.jvp(&[0])?.run(&along)?[0].sum(), 0.0, "{name}");
    }
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    let once = tape.program(&[x.sum(..)])?.grad(&[0])?;
    assert!(once.vjp(&[0])?.run(&[Input::real([1.0, 2.0]), Input::real([1.0, 1.0])])?[0].iter().all(|g| *g == 0.0));
    Ok(())
}

#[test]
fn by_hand_the_reason_is_kept_and_a_refusal_stays_one() {
    // Where no element is taken under any condition, a `select` gives zeros by hand, too.
    for (name, f) in &FLAT[..4] {
        let tape = Tape::new();
        let x = tape.input([1.0, 2.0]);
        let y = f(x);
        assert_eq!(y.gradient(&[x]).unwrap_err().kind(), ErrorKind::NoGradient, "{name}");
        assert_eq!(y.backward().unwrap().get(x).unwrap_err().kind(), ErrorKind::NoGradient, "{name}");
        assert_eq!(y.gradient_of(x).value().unwrap(), array![0.0, 0.0].into_dyn(), "{name}");
    }
    // Beside a path without a derivative there is no number to give.
    let steps: Function = |x| (x.sign() + x).sum(..);
    assert_eq!(autodiff::grad(steps, [1.0]).unwrap_err().kind(), ErrorKind::NotDifferentiable);
    assert_eq!(autodiff::jacobian(steps, [1.0]).unwrap_err().kind(), ErrorKind::NotDifferentiable);
}

#[test]
fn a_text_lists_the_axes_of_a_reduction_in_any_order() -> Result<(), Error> {
    for operation in ["sum(x; axes=[1, 0], keep=false)", "max(x; axes=[1, 0], keep=false)"] {
        let text = format!("program 1 f64\nx : f64[2, 2] = input\ny = {operation}\nreturn y\n");
        let program: Program<f64> = Program::parse(&text, &Registry::standard())?;
        let y = program.run(&[Input::real([[1.0, 2.0], [3.0, 4.0]])])?;
        assert_eq!(y[0].first(), Some(&if operation.starts_with("sum") { 10.0 } else { 4.0 }));
    }
    let twice = "program 1 f64\nx : f64[2, 2] = input\ny = sum(x; axes=[1, 1], keep=false)\nreturn y\n";
    assert!(Program::<f64>::parse(twice, &Registry::standard()).unwrap_err().to_string().contains("one appears twice"));
    Ok(())
}

#[test]
fn a_matrix_of_derivatives_that_no_memory_holds_is_refused() {
    let wide: Function = |x| x.broadcast_to([1 << 44]);
    let error = autodiff::jacobian(wide, [1.0]).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Refused, "broadcast_to"), "{error}");
    let long = vec![1.0; 1 << 22];
    let error = autodiff::hessian(|x| x.square().sum(..), long).unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Refused, "hessian"), "{error}");
    assert!(error.help().unwrap().contains("`hvp`"), "{error}");
}
