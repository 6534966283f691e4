//! Nothing panics on operands a caller can pass: every operation on every shape of ranks 0 to 4 with lengths 0 to 3,
//! filled with NaN, infinities, zeros of both signs and subnormals, with its own attributes and odd ones. Errors are
//! answers; panics, overflows and aborts are not. What evaluates eagerly has the same bits when its program runs.

use autodiff::{Arg, Attributes, Index, Input, PrimitiveRef, Program, Real, Registry, Shape, Tape, Var};
use ndarray::{ArrayD, IxDyn};
use std::panic::{AssertUnwindSafe, catch_unwind};

const SPECIAL: [f64; 10] =
    [f64::NAN, 1.5, f64::INFINITY, 0.0, -2.5, f64::NEG_INFINITY, -0.0, 5e-324, f64::MAX, f64::MIN_POSITIVE];
const HUGE: [usize; 4] = [1 << 45, isize::MAX as usize / 8, usize::MAX / 2 + 1, usize::MAX];

/// All shapes of `rank` axes with lengths 0 to 3.
fn shapes_of_rank(rank: usize) -> Vec<Vec<usize>> {
    (0..rank).fold(vec![vec![]], |shapes, _| {
        shapes.iter().flat_map(|s| (0..=3).map(|d| [s.as_slice(), &[d]].concat())).collect()
    })
}

fn shapes(highest_rank: usize) -> Vec<Vec<usize>> {
    (0..=highest_rank).flat_map(shapes_of_rank).collect()
}

/// An array of the special numbers, starting with the one numbered `turn`.
fn special(shape: &[usize], turn: usize) -> ArrayD<f64> {
    let mut numbers = SPECIAL.iter().copied().cycle().skip(turn % SPECIAL.len());
    ArrayD::from_shape_fn(IxDyn(shape), |_| numbers.next().unwrap())
}

/// Counts cases, and collects the ones that panic instead of stopping at the first.
#[derive(Default)]
struct Cases {
    count: usize,
    evaluated: usize,
    panics: Vec<String>,
}

impl Cases {
    /// Runs one case, which answers whether it gave a value (and not an error).
    fn case(&mut self, name: impl FnOnce() -> String, body: impl FnOnce() -> bool) {
        self.count += 1;
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(evaluated) => self.evaluated += usize::from(evaluated),
            Err(cause) => {
                let text = cause.downcast_ref::<String>().cloned();
                let text = text.or_else(|| cause.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap_or_default();
                self.panics.push(format!("{}: {text}", name()));
            }
        }
    }

    fn verdict(self, at_least: usize) {
        let shown: Vec<&str> = self.panics.iter().take(12).map(String::as_str).collect();
        assert!(self.panics.is_empty(), "{} of {} panicked:\n{}", self.panics.len(), self.count, shown.join("\n"));
        assert!(self.evaluated >= at_least, "only {} of {} cases gave a value", self.evaluated, self.count);
    }
}

fn same_bits(a: &ArrayD<f64>, b: &ArrayD<f64>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()))
}

/// Everything that can be asked of a result; whether it has a value.
fn exercise<'t>(
    tape: &'t Tape<f64>,
    inputs: &[Input<f64>],
    xs: &[Var<'t, f64>],
    y: Var<'t, f64>,
    registry: &Registry<f32>,
) -> bool {
    let _ = (y.item(), y.error().map(|error| error.to_string()), y.origin().to_string(), format!("{y:?}"));
    let Ok(shape) = y.shape() else {
        // An error: every query answers with it.
        let error = y.error().unwrap();
        assert_eq!(y.value().unwrap_err(), error);
        assert_eq!(y.backward().unwrap_err(), error);
        assert_eq!(y.gradient(xs).unwrap_err(), error);
        assert_eq!(y.pushforward(&[]).unwrap_err(), error);
        assert_eq!(tape.program(&[y]).unwrap_err(), error);
        assert_eq!((y + 1.0).tanh().error().unwrap(), error);
        return false;
    };
    let Ok(value) = y.value() else { return false };
    assert_eq!(value.shape(), &*shape);
    let seed = special(&shape, 1);
    let mut eager = vec![y];
    if let Ok(mut gradients) = y.backward_from(&seed) {
        for x in xs {
            let _ = (gradients.get(*x).is_ok(), gradients.why_no_gradient(*x).map(|error| error.to_string()));
            let _ = (gradients.item(*x).is_ok(), gradients.take(*x).is_ok(), gradients.get(*x).is_ok());
        }
        let _ = format!("{gradients:?}");
    }
    let _ = y.backward().is_ok();
    let zeta = tape.data(&seed);
    if let Ok(gradients) = y.pullback(zeta, xs) {
        let direct = y.backward_from(&seed).unwrap();
        for (x, gradient) in xs.iter().zip(gradients) {
            let (direct, recorded) = (direct.get(*x).unwrap().to_owned(), gradient.value().unwrap());
            assert!(same_bits(&direct, &recorded), "backward {direct} is not gradient {recorded}");
            eager.push(gradient);
            if let Ok(seconds) = gradient.sum(..).gradient(xs) {
                eager.extend(seconds);
            }
        }
    }
    let directions: Vec<_> = xs.iter().map(|x| (*x, tape.data(special(&x.shape().unwrap(), 3)))).collect();
    if let Ok(tangent) = y.pushforward(&directions) {
        assert_eq!(tangent.shape().unwrap(), shape);
        eager.push(tangent);
    }
    replay(tape, inputs, &seed, &directions, &eager, registry);
    true
}

/// The program of `eager` has the same bits when it runs, and its cast and its derivatives do not panic.
fn replay<'t>(
    tape: &'t Tape<f64>,
    inputs: &[Input<f64>],
    seed: &ArrayD<f64>,
    directions: &[(Var<'t, f64>, Var<'t, f64>)],
    eager: &[Var<'t, f64>],
    registry: &Registry<f32>,
) {
    let mut all = inputs.to_vec();
    all.push(Input::real(seed));
    all.extend(directions.iter().map(|(_, dx)| Input::Real(dx.value().unwrap())));
    let program = tape.program(eager).unwrap();
    let results = program.run(&all).unwrap();
    for (eager, result) in eager.iter().zip(&results) {
        let value = eager.value().unwrap();
        assert!(same_bits(&value, result), "eager {value} is not program {result}");
    }
    let single: Vec<Input<f32>> = all
        .iter()
        .map(|input| match input {
            Input::Real(x) => Input::Real(x.mapv(|x| f32::of(x))),
            Input::Index(i) => Input::Index(i.clone()),
            Input::Key(key) => Input::Key(*key),
        })
        .collect();
    program.cast::<f32>(registry).unwrap().run(&single).unwrap();
    let first: Program<f64> = tape.program(&eager[..1]).unwrap();
    let _ = (first.grad(&[0]), first.value_and_grad(&[0, 0]), first.vjp(&[0]), first.jvp(&[0]), first.grad(&[9]));
}

/// Attributes a primitive can be asked for: its own, and odd ones.
fn attributes(name: &str) -> Vec<Attributes> {
    let none = Attributes::new;
    let lists: Vec<Vec<usize>> = vec![
        vec![],
        vec![0],
        vec![1],
        vec![6],
        vec![0, 1],
        vec![1, 0],
        vec![0, 0],
        vec![2, 3],
        vec![2, 0, 1],
        vec![3, 1, 2],
        vec![3, 2, 1, 0],
        vec![1; 70],
        vec![usize::MAX],
        vec![0, usize::MAX],
        vec![usize::MAX, 0, usize::MAX],
        vec![3, 1 << 62, 0],
        vec![usize::MAX, usize::MAX],
        vec![1 << 45],
        vec![1 << 32, 1 << 32],
        vec![2, 1 << 62, 3],
    ];
    let lengths = || [0, 1, 2, 3].into_iter().chain(HUGE);
    let axes = || [0, 1, 3, usize::MAX];
    match name {
        "powi" => {
            let ns = [0, 1, 2, 3, -1, -2, i64::from(i32::MIN), i64::from(i32::MAX), i64::MAX, i64::MIN];
            ns.into_iter().map(|n| none().with_integer("n", n)).collect()
        }
        "powf" => [0.0, 0.5, 1.0, 2.0, -1.0, f64::NAN, f64::INFINITY, -0.0].map(|p| none().with_real("p", p)).into(),
        "leaky_relu" => [0.1, 0.0, -1.0, f64::NAN, f64::INFINITY].map(|beta| none().with_real("beta", beta)).into(),
        "transpose" => lists.iter().map(|list| none().with_list("axes", list)).collect(),
        "reshape" | "broadcast_to" | "sum_to" => lists.iter().map(|list| none().with_list("shape", list)).collect(),
        "uniform" => lists
            .iter()
            .flat_map(|list| [0, usize::MAX].map(|s| none().with_list("shape", list).with("stream", s.into())))
            .collect(),
        "sum" | "max" | "log_sum_exp" => lists
            .iter()
            .flat_map(|list| [true, false].map(|keep| none().with_list("axes", list).with_flag("keep", keep)))
            .collect(),
        "softmax" | "log_softmax" | "concat" => axes().map(|axis| none().with("axis", axis.into())).into(),
        "slice" => {
            let ranges = [(0, 0), (0, 1), (1, 2), (2, 1), (3, 3), (usize::MAX, usize::MAX), (0, usize::MAX)];
            let slice = |axis: usize, (start, stop): (usize, usize)| {
                none().with("axis", axis.into()).with("start", start.into()).with("stop", stop.into())
            };
            axes().into_iter().flat_map(|axis| ranges.map(|range| slice(axis, range))).collect()
        }
        "pad" => {
            let huge = HUGE.into_iter().flat_map(|n| [(n, 0), (0, n), (n, n)]);
            let sizes: Vec<_> = [(0, 0), (1, 2)].into_iter().chain(huge).collect();
            let pad = |axis: usize, (before, after): (usize, usize)| {
                none().with("axis", axis.into()).with("before", before.into()).with("after", after.into())
            };
            axes().into_iter().flat_map(|axis| sizes.clone().into_iter().map(move |size| pad(axis, size))).collect()
        }
        "scatter_add" => lengths().map(|rows| none().with("rows", rows.into())).collect(),
        "place" => lengths().map(|length| none().with("length", length.into())).collect(),
        _ => vec![none()],
    }
}

/// Every primitive of the registry with every set of attributes it takes.
fn primitives(wanted: impl Fn(&PrimitiveRef<f64>) -> bool) -> Vec<PrimitiveRef<f64>> {
    let registry = Registry::standard();
    let make = |example: &PrimitiveRef<f64>| {
        let lists = attributes(example.name());
        let made: Vec<_> = lists.iter().filter_map(|list| registry.make(example.name(), list).ok()).collect();
        made.into_iter().chain([example.clone()]).collect::<Vec<_>>()
    };
    registry.examples().filter(|example| wanted(example)).flat_map(make).collect()
}

/// The kinds a primitive takes, as letters: `RI` is an array and indices.
fn kinds(primitive: &PrimitiveRef<f64>) -> String {
    let signature = primitive.signature();
    match signature {
        autodiff::primitive::Signature::Variadic => "*".into(),
        autodiff::primitive::Signature::Fixed(operands) => {
            operands.iter().map(|(_, kind)| format!("{kind:?}").remove(0)).collect()
        }
    }
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
        for primitive in &primitives {
            let name = || format!("{}({}) of {shape:?}", primitive.name(), primitive.attributes());
            cases.case(name, || {
                let tape = Tape::new();
                let x = tape.input(&array);
                let y = tape.record(primitive.clone(), &[x.into()]);
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
    for primitive in primitives(|p| matches!(kinds(p).as_str(), "RR" | "RRR" | "*")) {
        for (turn, (a, b)) in pairs.iter().enumerate() {
            let arrays = [special(a, turn), special(b, turn + 2), special(a, turn / 2)];
            let count = if kinds(&primitive) == "RR" { 2 } else { 3 };
            cases.case(
                || format!("{}({}) of {a:?}, {b:?}", primitive.name(), primitive.attributes()),
                || {
                    let tape = Tape::new();
                    let xs: Vec<Var<'_, f64>> = arrays.iter().take(count).map(|array| tape.input(array)).collect();
                    let args: Vec<Arg<'_, f64>> = xs.iter().map(|x| (*x).into()).collect();
                    let inputs: Vec<Input<f64>> = arrays.iter().take(count).map(Input::real).collect();
                    exercise(&tape, &inputs, &xs, tape.record(primitive.clone(), &args), &registry)
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
                        let y = tape.record(primitive.clone(), &[x.into(), i.into()]);
                        exercise(&tape, &inputs, &[x], y, &registry)
                    },
                );
            }
        }
    }
    for primitive in primitives(|p| kinds(p) == "K") {
        cases.case(
            || format!("{}({})", primitive.name(), primitive.attributes()),
            || {
                let tape = Tape::new();
                let key = tape.key(u64::MAX);
                let y = tape.record(primitive.clone(), &[key.into()]);
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
                let y = tape.record(primitive.clone(), &digits);
                let _ = (y.value().is_ok(), y.backward().is_ok(), y.error().map(|e| e.to_string()));
                true
            });
        }
    }
    cases.verdict(1);
}

type Method = (&'static str, Box<dyn for<'t> Fn(Var<'t, f64>) -> Var<'t, f64>>);

fn method(name: &'static str, f: impl for<'t> Fn(Var<'t, f64>) -> Var<'t, f64> + 'static) -> Method {
    (name, Box::new(f))
}

/// Every method of a var alone, with every odd argument.
fn methods() -> Vec<Method> {
    let mut list = vec![
        method("neg", |x| -x),
        method("+ 1", |x| x + 1.0),
        method("1 −", |x| 1.0 - x),
        method("· NaN", |x| x * f64::NAN),
        method("∞ /", |x| f64::INFINITY / x),
        method("x·x", |x| x * x),
        method("x/x", |x| x / x),
        method("exp", |x| x.exp()),
        method("log", |x| x.log()),
        method("sqrt", |x| x.sqrt()),
        method("abs", |x| x.abs()),
        method("sin", |x| x.sin()),
        method("cos", |x| x.cos()),
        method("atan", |x| x.atan()),
        method("tanh", |x| x.tanh()),
        method("sigmoid", |x| x.sigmoid()),
        method("relu", |x| x.relu()),
        method("leaky_relu", |x| x.leaky_relu(f64::NAN)),
        method("maximum", |x| x.maximum(0.0)),
        method("minimum", |x| x.minimum(x)),
        method("gt", |x| x.gt(0.0)),
        method("lt", |x| x.lt(x)),
        method("ge", |x| x.ge(0.0)),
        method("le", |x| x.le(f64::NAN)),
        method("eq", |x| x.eq(x)),
        method("select", |x| x.select(x, f64::NAN)),
        method("masked", |x| x.masked(x)),
        method("sign", |x| x.sign()),
        method("stop_gradient", |x| x.stop_gradient()),
        method("matmul", |x| x.matmul(x)),
        method("matmul ᵀ", |x| x.matmul(x.transpose())),
        method("add_bias", |x| x.add_bias(x)),
        method("transpose", |x| x.transpose()),
        method("square", |x| x.square()),
        method("softplus", |x| x.softplus()),
        method("elu", |x| x.elu(f64::INFINITY)),
        method("elu", |x| x.elu(1.0)),
        method("arctan_sigmoid", |x| x.arctan_sigmoid()),
        method("pow", |x| x.pow(x)),
        method("pow", |x| x.pow(-0.5)),
        method("dot", |x| x.dot(x)),
        method("clamp", |x| x.clamp(-1.0, 1.0)),
        method("clamp", |x| x.clamp(1.0, -1.0)),
        method("clamp", |x| x.clamp(f64::NAN, f64::NAN)),
        method("concat none", |x| x.tape().concat(&[], 0)),
        method("stack none", |x| x.tape().stack(&[])),
        method("stack", |x| x.tape().stack(&[x, x])),
        method("concat", |x| x.tape().concat(&[x, x, x], 1)),
    ];
    for n in [0, 1, 2, -1, i32::MIN, i32::MAX] {
        list.push(method("powi", move |x| x.powi(n)));
    }
    for p in [0.0, 0.5, -1.0, f64::NAN, f64::NEG_INFINITY] {
        list.push(method("powf", move |x| x.powf(p)));
    }
    for axes in [vec![], vec![0], vec![1], vec![1, 0], vec![0, 0], vec![3, 1], vec![usize::MAX], vec![0, 1, 2, 3]] {
        macro_rules! reductions {
            ($($name:ident)*) => {$({
                let axes = axes.clone();
                list.push(method(stringify!($name), move |x| x.$name(axes.clone())));
            })*};
        }
        reductions!(sum sum_keep max max_keep log_sum_exp log_sum_exp_keep mean mean_keep variance std min prod norm permute);
    }
    for axis in [0, 1, 3, usize::MAX] {
        list.push(method("softmax", move |x| x.softmax(axis)));
        list.push(method("log_softmax", move |x| x.log_softmax(axis)));
        list.push(method("concat", move |x| x.tape().concat(&[x, x], axis)));
        for n in [0, 1, 3].into_iter().chain(HUGE) {
            list.push(method("slice", move |x| x.slice(axis, n..n.saturating_add(1))));
            list.push(method("slice back", move |x| x.slice(axis, n.saturating_add(1)..n)));
            list.push(method("slice twice", move |x| x.slice(0, n..n).slice(axis, 0..n)));
            list.push(method("pad", move |x| x.pad(axis, n, n)));
        }
    }
    for shape in
        [vec![], vec![0], vec![1], vec![6], vec![2, 3], vec![0, usize::MAX], vec![1 << 45], vec![usize::MAX; 3]]
    {
        let shape = Shape::from(shape);
        let shapes = [(); 5].map(|()| shape.clone());
        let [a, b, c, d, e] = shapes;
        list.push(method("reshape", move |x| x.reshape(a.clone())));
        list.push(method("broadcast_to", move |x| x.broadcast_to(b.clone())));
        list.push(method("broadcast_to, sum", move |x| x.broadcast_to(d.clone()).sum(..)));
        list.push(method("sum, broadcast_to", move |x| x.sum(..).broadcast_to(e.clone()).exp()));
        list.push(method("sum_to", move |x| x.sum_to(c.clone())));
    }
    list
}

#[test]
fn methods_of_vars() {
    let registry = Registry::standard();
    let mut cases = Cases::default();
    let methods = methods();
    for (turn, shape) in shapes(4).iter().enumerate() {
        // All shapes up to rank 3, and every fifth beyond.
        if shape.len() == 4 && turn % 5 != 0 {
            continue;
        }
        let array = special(shape, turn / 2);
        for (name, f) in &methods {
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
    let scalars: Vec<(usize, (&Vec<usize>, &Vec<usize>))> = (0..100).map(|turn| (turn, (&list[0], &list[0]))).collect();
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
    for shape in attributes("reshape").iter().map(|a| a.list("shape").unwrap().to_vec()) {
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
