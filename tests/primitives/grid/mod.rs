//! Nothing panics on operands a caller can pass: every operation on every shape of ranks 0 to 4 with lengths 0 to 3,
//! filled with NaN, infinities, zeros of both signs and subnormals, with its own attributes and odd ones. Errors are
//! answers; panics, overflows and aborts are not. What evaluates eagerly has the same bits when its program runs.

mod cases;
mod operations;

use autodiff::primitive::{Kind, Type};
use autodiff::{Arg, Index, Input, PrimitiveRef, Registry, Tape, Var};
use cases::{Cases, HUGE, SPECIAL, exercise, shapes, special};
use ndarray::{ArrayD, IxDyn};
use operations::{kinds, lists, methods, primitives};

/// The first result that is an array of reals; where there is none, reals made of the first result; the error, if it fails.
fn recorded<'t>(tape: &'t Tape<f64>, primitive: &PrimitiveRef<f64>, args: &[Arg<'t, f64>]) -> Var<'t, f64> {
    let types: Vec<Type> =
        args.iter().map(|arg| Type { kind: arg.kind(), shape: arg.shape().unwrap_or_default() }).collect();
    let Ok(results) = primitive.results(&types) else { return tape.record(primitive.clone(), args) };
    let kinds: Vec<Kind> = results.iter().map(|y| y.kind).collect();
    let results = tape.record_list(primitive.clone(), args, &kinds);
    match results.iter().find(|y| y.kind() == Kind::Real).or(results.first()) {
        Some(Arg::Real(y)) => *y,
        Some(Arg::Index(y)) => y.to_real(),
        Some(Arg::Key(y)) => y.uniform([2], 0),
        None => tape.record(primitive.clone(), args),
    }
}

/// Whether an operation meets this shape. Three of four shapes have rank 4: of those each operation meets every eighth, and with
/// `LONG` in the environment every one whose number is a multiple of `of`.
fn meets(shape: &[usize], number: usize, of: usize) -> bool {
    shape.len() < 4 || number.is_multiple_of(if std::env::var_os("LONG").is_some() { of } else { 8 })
}

fn unary_grid(part: usize) {
    let registry = Registry::standard();
    let mut cases = Cases::default();
    let primitives = primitives(|p| matches!(kinds(p).as_str(), "R" | "*"));
    // Arrays of many elements hold all the numbers; those of one element take them in turn.
    let (one, many): (Vec<_>, Vec<_>) = shapes(4).into_iter().partition(|shape| shape.iter().product::<usize>() == 1);
    let one = one.iter().flat_map(|shape| (0..SPECIAL.len()).map(move |turn| (turn, shape)));
    let all: Vec<_> = many.iter().enumerate().chain(one).collect();
    for (turn, shape) in all.into_iter().skip(part).step_by(2) {
        let array = special(shape, turn);
        for (_, primitive) in primitives.iter().enumerate().filter(|(number, _)| meets(shape, turn / 2 + number, 1)) {
            let name = || format!("{}({}) of {shape:?}", primitive.name(), primitive.attributes());
            cases.case(name, || {
                let tape = Tape::new();
                let x = tape.input(&array);
                let y = recorded(&tape, primitive, &[x.into()]);
                exercise(&tape, &[Input::real(&array)], &[x], y, &registry)
            });
        }
    }
    cases.verdict(4_000);
}

#[test]
fn primitives_of_one_array() {
    unary_grid(0);
}

#[test]
fn primitives_of_one_array_the_other_shapes() {
    unary_grid(1);
}

#[test]
fn primitives_of_two_and_three_arrays() {
    let registry = Registry::standard();
    let mut cases = Cases::default();
    let (small, all) = (shapes(2), shapes(4));
    let mut pairs: Vec<(&Vec<usize>, &Vec<usize>)> =
        small.iter().flat_map(|a| small.iter().map(move |b| (a, b))).collect();
    pairs.extend(all.iter().map(|a| (a, a)));
    pairs.extend(all.iter().enumerate().map(|(i, a)| (a, &small[i % small.len()])));
    let primitives = primitives(|p| matches!(kinds(p).as_str(), "RR" | "RRR" | "*"));
    for (number, primitive) in primitives.iter().enumerate() {
        for (turn, (a, b)) in pairs.iter().enumerate().filter(|(turn, (a, _))| meets(a, turn + number, 1)) {
            let arrays = [special(a, turn), special(b, turn + 2), special(a, turn / 2)];
            let count = if kinds(primitive) == "RR" { 2 } else { 3 };
            cases.case(
                || format!("{}({}) of {a:?}, {b:?}", primitive.name(), primitive.attributes()),
                || {
                    let tape = Tape::new();
                    let xs: Vec<Var<'_, f64>> = arrays.iter().take(count).map(|array| tape.input(array)).collect();
                    let args: Vec<Arg<'_, f64>> = xs.iter().map(|x| (*x).into()).collect();
                    let inputs: Vec<Input<f64>> = arrays.iter().take(count).map(Input::real).collect();
                    exercise(&tape, &inputs, &xs, recorded(&tape, primitive, &args), &registry)
                },
            );
        }
    }
    cases.verdict(2_000);
}

#[test]
fn primitives_with_indices_and_keys() {
    let registry = Registry::standard();
    let mut cases = Cases::default();
    let (arrays, indices) = (shapes(3), shapes(2));
    for primitive in primitives(|p| kinds(p) == "RI") {
        for (turn, shape) in arrays.iter().enumerate() {
            for at in &indices {
                let values = [0, 1, 2, usize::MAX];
                let numbers = values.iter().copied().cycle().skip(turn);
                let mut numbers = if turn % 3 == 0 {
                    Box::new(numbers) as Box<dyn Iterator<Item = usize>>
                } else {
                    Box::new([0, 1].into_iter().cycle())
                };
                let array = special(shape, turn);
                let index = ArrayD::from_shape_fn(IxDyn(at), |_| numbers.next().unwrap());
                cases.case(
                    || format!("{}({}) of {shape:?} at {index}", primitive.name(), primitive.attributes()),
                    || {
                        let tape = Tape::new();
                        let (x, i) = (tape.input(&array), tape.index(index.clone()));
                        let inputs = [Input::real(&array), Input::Index(index.clone())];
                        let y = recorded(&tape, &primitive, &[x.into(), i.into()]);
                        exercise(&tape, &inputs, &[x], y, &registry)
                    },
                );
            }
        }
    }
    for primitive in primitives(|p| matches!(kinds(p).as_str(), "I" | "II")) {
        let unary = kinds(&primitive) == "I";
        for (turn, (a, b)) in indices.iter().flat_map(|a| indices.iter().map(move |b| (a, b))).enumerate() {
            let values = [0, 1, 2, usize::MAX];
            let numbers = |shape: &[usize], skip: usize| {
                let mut numbers = values.iter().copied().cycle().skip(skip);
                ArrayD::from_shape_fn(IxDyn(shape), |_| numbers.next().unwrap())
            };
            let (i, j) = (numbers(a, turn), numbers(b, turn / 3));
            cases.case(
                || format!("{}({}) of {i} and {j}", primitive.name(), primitive.attributes()),
                || {
                    let tape = Tape::new();
                    let args: Vec<Arg<'_, f64>> = vec![tape.index(i.clone()).into(), tape.index(j.clone()).into()];
                    let y = recorded(&tape, &primitive, if unary { &args[..1] } else { &args });
                    exercise(&tape, &[Input::Index(i.clone()), Input::Index(j.clone())], &[], y, &registry)
                },
            );
        }
    }
    for primitive in primitives(|p| kinds(p) == "KI") {
        for at in &indices {
            let index = ArrayD::from_elem(IxDyn(at), usize::MAX);
            cases.case(
                || format!("{} of {index}", primitive.name()),
                || {
                    let tape = Tape::new();
                    let args: [Arg<'_, f64>; 2] = [tape.key(u64::MAX).into(), tape.index(index.clone()).into()];
                    let y = recorded(&tape, &primitive, &args);
                    exercise(&tape, &[Input::Key(u64::MAX), Input::Index(index.clone())], &[], y, &registry)
                },
            );
        }
    }
    for primitive in primitives(|p| kinds(p) == "K") {
        cases.case(
            || format!("{}({})", primitive.name(), primitive.attributes()),
            || {
                let tape = Tape::new();
                let key = tape.key(u64::MAX);
                let y = recorded(&tape, &primitive, &[key.into()]);
                exercise(&tape, &[Input::Key(u64::MAX)], &[], y, &registry)
            },
        );
    }
    cases.verdict(1_000);
}

/// Operands of the wrong number and kind: every primitive on every list of up to three operands of the three kinds.
#[test]
fn operands_of_the_wrong_number_and_kind() {
    let mut cases = Cases::default();
    for primitive in primitives(|_| true) {
        for list in 0..40 {
            let name = || format!("{}({}) on operand list {list}", primitive.name(), primitive.attributes());
            cases.case(name, || {
                let tape = Tape::<f64>::new();
                let args: [Arg<'_, f64>; 3] =
                    [tape.input([1.0, 2.0]).into(), tape.index(ndarray::arr1(&[0])).into(), tape.key(1).into()];
                // The lists are the numbers 0 to 39 in base 3 with a leading 1 that is dropped.
                let (mut digits, mut rest) = (Vec::new(), list + 1);
                while rest > 0 {
                    digits.push(args[rest % 3]);
                    rest /= 3;
                }
                digits.pop();
                let y = recorded(&tape, &primitive, &digits);
                let _ = (y.value().is_ok(), y.backward().is_ok(), y.error().map(|e| e.to_string()));
                true
            });
        }
    }
    cases.verdict(1);
}

#[test]
fn methods_of_vars() {
    let registry = Registry::standard();
    let mut cases = Cases::default();
    let methods = methods();
    for (turn, shape) in shapes(4).iter().enumerate() {
        let array = special(shape, turn / 2);
        for (_, (name, f)) in methods.iter().enumerate().filter(|(number, _)| meets(shape, turn + number, 5)) {
            cases.case(
                || format!("{name} of {shape:?}"),
                || {
                    let tape = Tape::new();
                    let x = tape.input(&array);
                    exercise(&tape, &[Input::real(&array)], &[x], f(x), &registry)
                },
            );
        }
    }
    cases.verdict(5_000);
}

#[test]
fn operators_broadcast_or_answer_with_an_error() {
    let registry = Registry::standard();
    let mut cases = Cases::default();
    type Operator = for<'t> fn(Var<'t, f64>, Var<'t, f64>) -> Var<'t, f64>;
    let operators: [(&str, Operator); 9] = [
        ("+", |a, b| a + b),
        ("−", |a, b| a - b),
        ("·", |a, b| a * b),
        ("/", |a, b| a / b),
        ("maximum", |a, b| a.maximum(b)),
        ("eq", |a, b| a.eq(b)),
        ("select", |a, b| a.select(b, a)),
        ("pow", |a, b| a.pow(b)),
        ("dot", |a, b| a.dot(b)),
    ];
    let list = shapes(2);
    let scalars = (0..100).map(|turn| (turn, (&list[0], &list[0])));
    let pairs = list.iter().flat_map(|a| list.iter().map(move |b| (a, b))).enumerate();
    for (turn, (a, b)) in pairs.chain(scalars) {
        let (p, q) = (special(a, turn), special(b, turn / 10));
        for (name, f) in operators {
            cases.case(
                || format!("{a:?} {name} {b:?}"),
                || {
                    let tape = Tape::new();
                    let (x, y) = (tape.input(&p), tape.input(&q));
                    exercise(&tape, &[Input::real(&p), Input::real(&q)], &[x, y], f(x, y), &registry)
                },
            );
        }
    }
    cases.verdict(1_000);
}

#[test]
fn indices_and_keys_have_methods_too() {
    let mut cases = Cases::default();
    for at in shapes(2) {
        for n in [0, 1, 3].into_iter().chain(HUGE) {
            cases.case(
                || format!("one_hot({n}) of {at:?}"),
                || {
                    let tape = Tape::<f64>::new();
                    let i: Index<'_, f64> = tape.index(ArrayD::zeros(IxDyn(&at)));
                    let y = i.named("i").one_hot(n);
                    let _ = (i.shape().is_ok(), format!("{i:?}"), y.backward().is_ok());
                    y.value().is_ok()
                },
            );
        }
    }
    for shape in lists() {
        for stream in [0, usize::MAX] {
            cases.case(
                || format!("uniform({shape:?}, {stream})"),
                || {
                    let tape = Tape::<f64>::new();
                    tape.key(0).uniform(shape.clone(), stream).value().is_ok()
                },
            );
            cases.case(
                || format!("placeholder of {shape:?}"),
                || {
                    let mut values = 0;
                    for tape in [Tape::<f64>::new(), Tape::symbolic()] {
                        for kind in [autodiff::Kind::Real, autodiff::Kind::Index, autodiff::Kind::Key] {
                            let arg = tape.placeholder(kind, shape.clone());
                            if let Arg::Real(x) = arg {
                                let y = (x * x).mean(..) + x.softplus().sum(..) + x.prod(..);
                                values += usize::from(y.value().is_ok() || y.gradient(&[x]).is_ok());
                                let _ = (x.value().is_ok(), x.matmul(x).backward().is_ok(), y.pushforward(&[(x, x)]));
                                if let Ok(program) = tape.program(&[y]) {
                                    let _ = (program.run(&[]).is_ok(), program.grad(&[0]).is_ok());
                                }
                            }
                        }
                    }
                    values > 0
                },
            );
        }
    }
    cases.verdict(20);
}

#[test]
fn functions_over_closures() {
    let mut cases = Cases::default();
    for (turn, shape) in shapes(3).iter().enumerate() {
        let x = special(shape, turn);
        for (name, f) in methods() {
            if turn % 4 != 0 && shape.len() > 1 {
                continue;
            }
            cases.case(
                || format!("derivatives of {name} at {shape:?}"),
                || {
                    let _ = (autodiff::grad(&f, &x).is_ok(), autodiff::hessian(&f, &x).is_ok());
                    let _ = (autodiff::jvp(&f, &x, &x).is_ok(), autodiff::hvp(&f, &x, [1.0]).is_ok());
                    autodiff::jacobian(&f, &x).is_ok()
                },
            );
        }
    }
    cases.verdict(1_000);
}

/// What a caller does to a var while reading another: nothing of it is forbidden.
#[test]
fn recording_while_reading() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    let y = x.read(|view| tape.input(view.to_owned()) + x).unwrap();
    let total = y.read(|_| x.read(|_| (x * y).named("z").sum(..).backward().unwrap().take(x).unwrap()).unwrap());
    assert_eq!(total.unwrap(), ndarray::arr1(&[3.0, 6.0]).into_dyn());
    let inner = tape.scope("a", || tape.attributed(|| x.read(|_| tape.scope("b", || x + 1.0)).unwrap()));
    assert_eq!(inner.origin().scope, "a.b");
}
