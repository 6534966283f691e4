//! Tests: the line a node is attributed to is the line of the user's code, whatever recorded it.

// Operators on references, and of a number with itself, are tested, too.
#![allow(clippy::op_ref, clippy::eq_op)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use crate::{Arg, Attributes, Input, Kind, Registry, Tape, Var};
use ndarray::array;

/// File and line of each node from `start` on.
fn lines(tape: &Tape<f64>, start: usize) -> Vec<(&'static str, u32)> {
    tape.with_nodes(|nodes, _| {
        let place =
            |node: &crate::tape::node::Node<f64>| node.location.map_or(("nowhere", 0), |at| (at.file(), at.line()));
        nodes.iter().skip(start).map(|(_, node)| place(node)).collect()
    })
}

/// Asserts that everything `$call` records is attributed to its line.
macro_rules! here {
    ($tape:ident, $call:expr) => {
        let start = $tape.len();
        let line = line!();
        let _ = $call;
        let found = lines(&$tape, start);
        assert!(!found.is_empty(), "{} recorded nothing", stringify!($call));
        assert!(found.iter().all(|place| *place == (file!(), line)), "{}: {found:?}", stringify!($call));
    };
}

fn leaves() {
    let tape = Tape::<f64>::new();
    here!(tape, tape.input(1.0));
    here!(tape, tape.data([1.0]));
    here!(tape, tape.constant([[1.0]]));
    here!(tape, tape.index(array![1]));
    here!(tape, tape.key(1));
    here!(tape, tape.placeholder(Kind::Real, [2]));
    here!(tape, tape.placeholder(Kind::Real, [usize::MAX, 2]));
    here!(tape, tape.input(1.0).named("x"));
}

fn operators() {
    let tape = Tape::<f64>::new();
    let (x, y) = (tape.input([[1.0, 2.0], [3.0, 4.0]]), tape.input([1.0, 2.0]));
    here!(tape, -x);
    here!(tape, x + x);
    here!(tape, x + y);
    here!(tape, y + x);
    here!(tape, x + 2.0);
    here!(tape, 2.0 + x);
    here!(tape, x - x);
    here!(tape, x - y);
    here!(tape, y - x);
    here!(tape, x - 2.0);
    here!(tape, 2.0 - x);
    here!(tape, x * x);
    here!(tape, x * y);
    here!(tape, y * x);
    here!(tape, x * 2.0);
    here!(tape, 2.0 * x);
    here!(tape, x / x);
    here!(tape, x / y);
    here!(tape, y / x);
    here!(tape, x / 2.0);
    here!(tape, 2.0 / x);
}

fn methods() {
    let tape = Tape::<f64>::new();
    let (x, v) = (tape.input([[1.0, 2.0], [3.0, 4.0]]), tape.input([1.0, 2.0]));
    let (i, key) = (tape.index(array![0, 1]), tape.key(7));
    here!(tape, x.exp());
    here!(tape, x.log());
    here!(tape, x.sqrt());
    here!(tape, x.abs());
    here!(tape, x.sin());
    here!(tape, x.cos());
    here!(tape, x.atan());
    here!(tape, x.tanh());
    here!(tape, x.sigmoid());
    here!(tape, x.relu());
    here!(tape, x.sign());
    here!(tape, x.stop_gradient());
    here!(tape, x.transpose());
    here!(tape, x.square());
    here!(tape, x.softplus());
    here!(tape, x.arctan_sigmoid());
    here!(tape, x.sum(..));
    here!(tape, x.sum(1));
    here!(tape, x.sum_keep(..));
    here!(tape, x.sum_keep(1));
    here!(tape, x.max(..));
    here!(tape, x.max(1));
    here!(tape, x.max_keep(..));
    here!(tape, x.max_keep(1));
    here!(tape, x.log_sum_exp(..));
    here!(tape, x.log_sum_exp(1));
    here!(tape, x.log_sum_exp_keep(..));
    here!(tape, x.log_sum_exp_keep(1));
    here!(tape, x.mean(..));
    here!(tape, x.mean(1));
    here!(tape, x.mean_keep(..));
    here!(tape, x.mean_keep(1));
    here!(tape, x.variance(..));
    here!(tape, x.variance(1));
    here!(tape, x.std(..));
    here!(tape, x.std(1));
    here!(tape, x.min(..));
    here!(tape, x.min(1));
    here!(tape, x.prod(..));
    here!(tape, x.prod(1));
    here!(tape, x.norm(..));
    here!(tape, x.norm(1));
    here!(tape, x.maximum(v));
    here!(tape, x.maximum(0.5));
    here!(tape, x.minimum(v));
    here!(tape, x.minimum(0.5));
    here!(tape, x.gt(v));
    here!(tape, x.gt(0.5));
    here!(tape, x.lt(v));
    here!(tape, x.lt(0.5));
    here!(tape, x.ge(v));
    here!(tape, x.ge(0.5));
    here!(tape, x.le(v));
    here!(tape, x.le(0.5));
    here!(tape, x.eq(v));
    here!(tape, x.eq(0.5));
    here!(tape, x.pow(v));
    here!(tape, x.pow(0.5));
    here!(tape, x.powi(3));
    here!(tape, x.powf(1.5));
    here!(tape, x.leaky_relu(0.1));
    here!(tape, x.elu(0.5));
    here!(tape, x.clamp(1.5, 2.5));
    here!(tape, x.select(v, 0.0));
    here!(tape, v.select(1.0, x));
    here!(tape, x.masked(v));
    here!(tape, x.matmul(x));
    here!(tape, x.matmul(v));
    here!(tape, x.add_bias(v));
    here!(tape, x.permute([1, 0]));
    here!(tape, x.reshape([4]));
    here!(tape, x.broadcast_to([3, 2, 2]));
    here!(tape, x.sum_to([2]));
    here!(tape, x.softmax(0));
    here!(tape, x.log_softmax(1));
    here!(tape, x.slice(0, 0..1));
    here!(tape, x.pad(0, 1, 1));
    here!(tape, x.gather(i));
    here!(tape, x.pick(i));
    here!(tape, v.place(i, 2));
    here!(tape, v.scatter_add(i, 2));
    here!(tape, i.one_hot(3));
    here!(tape, x.argmax(..));
    here!(tape, x.argmin(1));
    here!(tape, x.sort(0));
    here!(tape, x.sort_with_order(1));
    here!(tape, x.argsort(0));
    here!(tape, x.top_k(1, 0));
    here!(tape, v.take_along(i, 0));
    here!(tape, v.scatter_add_along(i, 0, 3));
    here!(tape, i + 1);
    here!(tape, 7 - i);
    here!(tape, i * i.reshape([2, 1]));
    here!(tape, i.eq(1));
    here!(tape, i.gt(i));
    here!(tape, i.ge(1));
    here!(tape, i.to_real());
    here!(tape, i.reshape([1, 2]));
    here!(tape, i.transpose());
    here!(tape, i.slice(0, 1..));
    here!(tape, i.broadcast_to([2, 2]));
    here!(tape, i.gather(i));
    here!(tape, tape.index_range(0..3));
    here!(tape, tape.index_constant(array![1]));
    here!(tape, tape.concat_indices(&[i, i], 0));
    here!(tape, tape.stack_indices(&[i, i], 1));
    here!(tape, key.fold_in(1));
    here!(tape, key.fold_in(i.slice(0, ..1).reshape([])));
    here!(tape, key.split::<2>());
    here!(tape, key.normal([2], 0));
    here!(tape, key.uniform_open([2], 0));
    here!(tape, key.uniform([2], 0));
    here!(tape, v.dot(v));
    here!(tape, tape.concat(&[x, x], 0));
    here!(tape, tape.stack(&[x, x], 0));
    here!(tape, &x + &x);
    here!(tape, 2 * &x - 1);
    here!(tape, -&x);
    let mut sum = x;
    here!(tape, sum += v);
    here!(tape, x.slice_step(0, .., 2));
    here!(tape, x.unslice(-1, 0, 2, 4));
    here!(tape, x.flip(..));
    here!(tape, x.roll(0, 1));
    here!(tape, x.tril(0) + x.triu(0));
    here!(tape, x.cumsum(0));
    here!(tape, x.cumsum_reversed(-1));
    here!(tape, x.cumprod(0));
    here!(tape, x.cumprod_reversed(-1));
    here!(tape, x.variance_keep(0) + x.std_keep(0) + x.norm_keep(0) + x.min_keep(0) + x.prod_keep(0));
    here!(tape, x.unsqueeze(0).squeeze(0).flatten(..));
    here!(tape, x.at([0, 1]));
    here!(tape, x.row(0));
    here!(tape, x.column(1));
    here!(tape, v.outer(v));
    here!(tape, x.zeros_like());
    here!(tape, tape.zeros([2]) + tape.ones([2]) + tape.arange(2));
    here!(tape, tape.eye(2));
    here!(tape, tape.total(&[x, v, x]));
    here!(tape, tape.total(&[]));
    here!(tape, x.sum(..).gradient_of(x));
    here!(tape, x.apply(&crate::primitive::arithmetic::add::Add));
    here!(tape, x.apply2(&crate::primitive::arithmetic::add::Add, x));
    here!(tape, tape.record(Registry::standard().make("tanh", &Attributes::new(), &[]).unwrap(), &[x.into()]));
    here!(tape, tape.with_rule("lines::id", &[x], |x| x[0], |at, dy| at.one(|| dy)).unwrap());
    here!(tape, x.sum(..).gradient(&[x]).unwrap());
}

fn operations_that_do_not_fit() {
    let tape = Tape::<f64>::new();
    let (x, y, other) = (tape.input([1.0, 2.0]), tape.input([1.0, 2.0, 3.0]), Tape::<f64>::new());
    let z = other.input(1.0);
    let i = tape.index(array![9, 9]);
    here!(tape, x + y);
    here!(tape, x - y);
    here!(tape, x * y);
    here!(tape, x / y);
    here!(tape, x + z);
    here!(tape, x.matmul(y));
    here!(tape, x.maximum(y));
    here!(tape, x.gt(y));
    here!(tape, x.select(y, 0.0));
    here!(tape, x.select(z, 0.0));
    here!(tape, x.pow(y));
    here!(tape, x.dot(y));
    here!(tape, x.reshape([3]));
    here!(tape, x.sum(4));
    here!(tape, x.mean(4));
    here!(tape, x.prod(4));
    here!(tape, x.variance(4));
    here!(tape, x.norm(4));
    here!(tape, x.gather(i));
    here!(tape, i.one_hot(3));
    here!(tape, x.softmax(3));
    here!(tape, x.argmax(3));
    here!(tape, x.argmax([0, 0]));
    here!(tape, x.sort(3));
    here!(tape, x.top_k(3, 0));
    here!(tape, x.take_along(i, 0));
    here!(tape, x.take_along(i, 1));
    here!(tape, i - 10);
    here!(tape, i + tape.index(array![1, 2, 3]));
    here!(tape, i.slice(1, ..));
    here!(tape, i.permute([1, 0]));
    here!(tape, tape.key(1).fold_in(i));
    here!(tape, tape.concat_indices(&[i, i], 1));
    here!(tape, x.slice(0, 5..6));
    here!(tape, tape.concat(&[x, y], 3));
    here!(tape, tape.stack(&[x, y], 0));
    here!(tape, tape.stack(&[x, x], 5));
    here!(tape, x.softmax(-3));
    here!(tape, x.permute([-3]));
    here!(tape, x.squeeze(0));
    here!(tape, x.unsqueeze(5));
    here!(tape, x.flatten(5..));
    here!(tape, x.at([2]));
    here!(tape, x.roll(1, 1));
    here!(tape, x.cumprod(1));
    here!(tape, x.cumsum(1));
    here!(tape, x.flip(1));
    here!(tape, x.tril(0));
    here!(tape, x.slice_step(0, 5.., 2));
    here!(tape, x.slice_step(0, 5.., 1));
    here!(tape, x.unslice(0, 5, 2, 3));
    here!(tape, tape.total(&[x, y]));
    here!(tape, tape.arange(usize::MAX));
    here!(tape, x.gradient_of(x));
    here!(tape, tape.refuse("mine", &[x.into()], crate::Mismatch::new("no")));
}

/// What the rules record belongs to the line of the node they are asked about; the seed to the line of the question.
fn derivatives() {
    let tape = Tape::<f64>::new();
    let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    let (first, y) = (line!(), tape.scope("a", || x.softmax(1)));
    let (second, z) = (line!(), tape.scope("b", || (y * y).prod(..)));
    let start = tape.len();
    let (third, _) = (line!(), z.gradient(&[x]).unwrap());
    let found = lines(&tape, start);
    for line in [first, second, third] {
        assert!(found.contains(&(file!(), line)), "nothing is on line {line}: {found:?}");
    }
    assert!(found.iter().all(|(file, at)| *file == file!() && [first, second, third].contains(at)), "{found:?}");
    let scopes = |line| {
        tape.with_nodes(|nodes, labels| {
            let on_line =
                nodes.iter().skip(start).filter(|(_, node)| node.location.is_some_and(|at| at.line() == line));
            on_line.map(|(_, node)| labels.scope(node.scope).to_owned()).collect::<Vec<_>>()
        })
    };
    assert!(scopes(first).iter().all(|scope| scope == "a"));
    assert!(scopes(second).iter().all(|scope| scope == "b"));
    assert!(scopes(third).iter().all(String::is_empty));

    let start = tape.len();
    let (fourth, _) = (line!(), z.pushforward(&[(x, x)]).unwrap());
    let found = lines(&tape, start);
    assert!(found.iter().all(|(file, at)| *file == file!() && [first, second, fourth].contains(at)), "{found:?}");
}

/// Zeros that answer for a derivative are of the line that asked.
fn derivatives_that_are_zero() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    let y = x.select(1.0, 2.0).sum(..);
    let start = tape.len();
    let gradient = y.gradient(&[x]).unwrap()[0];
    assert_eq!(gradient.value().unwrap(), array![0.0, 0.0].into_dyn());
    assert!(lines(&tape, start).iter().all(|(file, _)| *file == file!()));
    here!(tape, tape.input(1.0).pushforward(&[(x, x)]).unwrap());
}

/// A program recorded on another tape brings its lines along, and so does its derivative.
fn programs() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    let (line, y) = (line!(), x.norm(..));
    let program = tape.program(&[y]).unwrap();
    let other = Tape::new();
    let argument: Arg<'_, f64> = other.input([3.0, 4.0]).into();
    let start = other.len();
    program.record(&other, &[argument]).unwrap();
    assert!(lines(&other, start).iter().all(|place| *place == (file!(), line)));
    let gradient = program.grad(&[0]).unwrap();
    let found = gradient.run(&[Input::real([3.0, 4.0])]).unwrap().remove(0);
    assert!((found - array![0.6, 0.8]).iter().all(|error| error.abs() < 1e-15));
}

/// `attributed` gives everything the line of its caller, and the outermost one wins.
fn attributed_to_the_outermost_caller() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    let layer = |x| {
        let (inner, y) = (line!(), tape.attributed(|| Var::tanh(x)));
        (inner, y)
    };
    let start = tape.len();
    let (outer, _) = (line!(), tape.attributed(|| layer(x)));
    assert_eq!(lines(&tape, start), [(file!(), outer)]);
    let start = tape.len();
    let (inner, _) = layer(x);
    assert_eq!(lines(&tape, start), [(file!(), inner)]);
    here!(tape, x.exp());
}

self_tests!(
    leaves,
    operators,
    methods,
    operations_that_do_not_fit,
    derivatives,
    derivatives_that_are_zero,
    programs,
    attributed_to_the_outermost_caller,
);
