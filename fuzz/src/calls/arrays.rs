//! Calls on arrays: operations of all families with odd arguments, and derivatives of the results.

use super::Record;
use super::draw::Draw;
use autodiff::{Arg, Conv, Index, Key, Mismatch, Pooling, Shape, Tape, Var};

type V<'t> = Var<'t, f64>;

/// The arguments of a call: each operation takes those it has a use for.
pub struct Arguments<'t> {
    tape: &'t Tape<f64>,
    a: V<'t>,
    b: V<'t>,
    c: V<'t>,
    i: Index<'t, f64>,
    j: Index<'t, f64>,
    key: Key<'t, f64>,
    axis: isize,
    axes: Vec<isize>,
    shape: Vec<usize>,
    n: usize,
    m: usize,
    p: f64,
    q: f64,
    word: &'static str,
}

impl Arguments<'_> {
    fn text(&self) -> String {
        let of = |shape: Result<Shape, _>| shape.map_or("?".to_owned(), |shape: Shape| shape.to_string());
        let Arguments { a, b, c, i, j, axis, axes, shape, n, m, p, q, .. } = self;
        let (a, b, c, i, j) = (of(a.shape()), of(b.shape()), of(c.shape()), of(i.shape()), of(j.shape()));
        format!("a {a}, b {b}, c {c}, i {i}, j {j}, axis {axis} {axes:?}, shape {shape:?}, n {n}, m {m}, {p}, {q}")
    }
}

type Operation = (&'static str, for<'t> fn(&Arguments<'t>) -> Arg<'t, f64>);

/// Operations of one name, each with the arguments it takes.
macro_rules! operations {
    ($($name:literal: |$a:ident| $call:expr;)*) => { &[$(($name, |$a| ($call).into())),*] };
}

const ELEMENTWISE: &[Operation] = operations! {
    "add": |x| x.a + x.b;
    "sub number": |x| x.p - x.a;
    "mul": |x| x.a * x.b;
    "div": |x| x.a / x.b;
    "neg": |x| -x.a;
    "exp": |x| x.a.exp();
    "log": |x| x.a.log();
    "sqrt": |x| x.a.sqrt();
    "tanh": |x| x.a.tanh();
    "relu": |x| x.a.relu();
    "abs": |x| x.a.abs();
    "sign": |x| x.a.sign();
    "atan2": |x| x.a.atan2(x.b);
    "hypot": |x| x.a.hypot(x.b);
    "pow": |x| x.a.pow(x.b);
    "powf": |x| x.a.powf(x.p);
    "powi": |x| x.a.powi(x.axis.clamp(-9, 9) as i32 * (x.n as i32).max(1));
    "erf": |x| x.a.erf() + x.a.erfc();
    "clamp": |x| x.a.clamp(x.p, x.q);
    "elu": |x| x.a.elu(x.p);
    "leaky_relu": |x| x.a.leaky_relu(x.p);
    "softplus": |x| x.a.softplus() + x.a.sigmoid();
    "maximum": |x| x.a.maximum(x.b);
    "minimum": |x| x.a.minimum(x.p);
    "less": |x| x.a.lt(x.b);
    "equal": |x| x.a.eq(x.p);
    "select": |x| x.a.gt(0.0).select(x.b, x.c);
    "masked": |x| x.a.masked(x.b.ge(x.p));
    "stop_gradient": |x| x.a.stop_gradient();
    "strong": |x| x.a.strong_mul(x.b).strong_div(x.c);
    "named": |x| x.a.named(x.word);
    "round": |x| x.a.round() + x.a.floor();
};

const REDUCED: &[Operation] = operations! {
    "sum": |x| x.a.sum(x.axes.clone());
    "sum_keep": |x| x.a.sum_keep(x.axis);
    "mean": |x| x.a.mean(x.axes.clone());
    "mean_keep": |x| x.a.mean_keep(x.axis);
    "max": |x| x.a.max(x.axes.clone());
    "min_keep": |x| x.a.min_keep(x.axis);
    "prod": |x| x.a.prod(x.axes.clone());
    "norm": |x| x.a.norm(x.axes.clone());
    "std": |x| x.a.std(x.axis);
    "variance": |x| x.a.variance_keep(x.axes.clone());
    "log_sum_exp": |x| x.a.log_sum_exp(x.axes.clone());
    "softmax": |x| x.a.softmax(x.axis);
    "log_softmax": |x| x.a.log_softmax(x.axis);
    "cumsum": |x| x.a.cumsum(x.axis);
    "cumprod": |x| x.a.cumprod_reversed(x.axis);
    "sum_to": |x| x.a.sum_to(x.shape.clone());
    "total": |x| x.tape.total(&[x.a, x.b, x.c]);
    "argmax": |x| x.a.argmax(x.axis);
    "argmin": |x| x.a.argmin(x.axes.clone());
};

const LINEAR: &[Operation] = operations! {
    "matmul": |x| x.a.matmul(x.b);
    "dot": |x| x.a.dot(x.b);
    "outer": |x| x.a.outer(x.b);
    "add_bias": |x| x.a.add_bias(x.b);
    "einsum": |x| x.tape.einsum(x.word, &[x.a, x.b]);
    "einsum of three": |x| x.tape.einsum("ij,jk,kl->il", &[x.a, x.b, x.c]);
    "conv": |x| x.a.conv(x.b, &conv(x));
    "conv_transpose": |x| x.a.conv_transpose(x.b, &conv(x));
    "conv_transpose_to": |x| x.a.conv_transpose_to(x.b, &conv(x), x.shape.clone());
    "max_pool": |x| x.a.max_pool(&pooling(x));
    "average_pool": |x| x.a.average_pool(&pooling(x));
    "max_pool_with_indices": |x| x.a.max_pool_with_indices(&pooling(x)).1;
};

const REARRANGED: &[Operation] = operations! {
    "reshape": |x| x.a.reshape(x.shape.clone());
    "broadcast_to": |x| x.a.broadcast_to(x.shape.clone());
    "transpose": |x| x.a.transpose();
    "transpose_last": |x| x.a.transpose_last();
    "permute": |x| x.a.permute(x.axes.clone());
    "slice": |x| x.a.slice(x.axis, x.n..x.m);
    "slice from": |x| x.a.slice(x.axis, x.n..);
    "slice up to": |x| x.a.slice(x.axis, ..=x.n);
    "slice_step": |x| x.a.slice_step(x.axis, .., x.n);
    "unslice": |x| x.a.unslice(x.axis, x.n % 3, x.m, x.n);
    "row": |x| x.a.row(x.n);
    "column": |x| x.a.column(x.n);
    "at": |x| x.a.at(&x.shape);
    "pad": |x| x.a.pad(x.axis, x.n, x.m);
    "flip": |x| x.a.flip(x.axes.clone());
    "roll": |x| x.a.roll(x.axis, x.axes.first().copied().unwrap_or(isize::MIN));
    "squeeze": |x| x.a.squeeze(x.axes.clone());
    "unsqueeze": |x| x.a.unsqueeze(x.axis);
    "flatten": |x| x.a.flatten(x.axes.clone());
    "tril": |x| x.a.tril(x.axis);
    "triu": |x| x.a.triu(x.axis);
    "concat": |x| x.tape.concat(&[x.a, x.b], x.axis);
    "concat of none": |x| x.tape.concat(&[], x.axis);
    "stack": |x| x.tape.stack(&[x.a, x.b, x.a], x.axis);
    "eye": |x| x.tape.eye(x.n);
    "arange": |x| x.tape.arange(x.n);
    "zeros": |x| x.tape.zeros(x.shape.clone());
    "ones": |x| x.tape.ones(x.shape.clone());
};

const BY_INDEX: &[Operation] = operations! {
    "gather": |x| x.a.gather(x.i);
    "pick": |x| x.a.pick(x.i);
    "place": |x| x.a.place(x.i, x.n);
    "one_hot": |x| x.i.one_hot(x.n);
    "scatter_add": |x| x.a.scatter_add(x.i, x.n);
    "take_along": |x| x.a.take_along(x.i, x.axis);
    "scatter_add_along": |x| x.a.scatter_add_along(x.i, x.axis, x.n);
    "sort": |x| x.a.sort(x.axis);
    "order": |x| x.a.sort_with_order(x.axis).1;
    "top_k": |x| x.a.top_k(x.n, x.axis).0;
    "argsort": |x| x.a.argsort(x.axis);
    "to_real": |x| x.i.to_real();
    "index sum": |x| x.i + x.j;
    "index difference": |x| x.i - x.n;
    "index product": |x| x.i * x.j;
    "index quotient": |x| x.i / x.j;
    "index remainder": |x| x.i % x.n;
    "index less": |x| x.i.lt(x.j);
    "gather of indices": |x| x.i.gather(x.j);
    "indices reshaped": |x| x.i.reshape(x.shape.clone());
    "indices sliced": |x| x.i.slice(x.axis, x.n..x.m);
    "indices joined": |x| x.tape.concat_indices(&[x.i, x.j], x.axis);
    "range": |x| x.tape.index_range(x.n..x.m);
    "uniform": |x| x.key.uniform(x.shape.clone(), x.n);
    "uniform_open": |x| x.key.uniform_open(x.shape.clone(), x.n);
    "normal": |x| x.key.normal(x.shape.clone(), x.m);
    "split": |x| x.key.split::<2>()[1];
    "fold_in": |x| x.key.fold_in(x.i);
    "fold_in number": |x| x.key.fold_in(x.n);
};

const CONTROL: &[Operation] = operations! {
    "scan": |x| x.tape.scan(x.n.min(7), [x.a], [x.b], |_, [h], [y]| ([(h * y).tanh()], [h + y])).0[0];
    "scan that captures": |x| x.tape.scan(x.n.min(7), [x.a], [], |_, [h], []| ([h.matmul(x.b)], [h.sum(..)])).1[0];
    "a carry that grows": |x| x.tape.scan(x.n.min(7), [x.a], [], |_, [h], []| ([h.unsqueeze(0)], [])).0[0];
    "scan of many steps": |x| x.tape.scan(x.n, [], [x.b], |_, [], [y]| ([], [y.exp()])).1[0];
    "cond": |x| x.tape.cond(x.a, || [x.b.exp()], || [x.c])[0];
    "while": |x| x.tape.while_loop(x.n.min(9), [x.a], |_, [h]| ([h * 0.5], h.sum(..).gt(x.p))).0[0];
};

const DERIVED: &[Operation] = operations! {
    "gradient_of": |x| x.a.sum(..).gradient_of(x.b);
    "gradient_of an array": |x| x.a.gradient_of(x.b);
    "gradient": |x| first(x.tape, x.a.sum(..).gradient(&[x.b, x.c, x.b]));
    "pullback": |x| first(x.tape, x.a.pullback(x.b, &[x.c]));
    "pushforward": |x| first(x.tape, x.a.pushforward(&[(x.b, x.c)]).map(|y| vec![y]));
    "pushforward twice": |x| first(x.tape, x.a.pushforward(&[(x.b, x.c), (x.b, x.c)]).map(|y| vec![y]));
};

const FAMILIES: [&[Operation]; 7] = [ELEMENTWISE, REDUCED, LINEAR, REARRANGED, BY_INDEX, CONTROL, DERIVED];

/// A derivative that is there; an error stays one.
fn first<'t>(tape: &'t Tape<f64>, vars: Result<Vec<V<'t>>, autodiff::Error>) -> V<'t> {
    match vars.map(|vars| vars.first().copied()) {
        Ok(Some(x)) => x,
        Ok(None) => tape.constant(0.0),
        Err(error) => tape.refuse("derivative", &[], Mismatch::new(error.to_string())),
    }
}

fn conv(x: &Arguments<'_>) -> Conv {
    let options = Conv::new().stride(x.n).dilation(x.m.clamp(0, 3)).groups(x.shape.first().copied().unwrap_or(1));
    let side = x.shape.get(1).copied().unwrap_or(0);
    if x.axis > 0 { options.same() } else { options.padding(side) }
}

fn pooling(x: &Arguments<'_>) -> Pooling {
    let options = Pooling::new(x.n).stride(x.m).ceil(x.axis > 0).include_padding(x.p > 0.0);
    options.padding(x.shape.first().copied().unwrap_or(0))
}

const WORDS: [&str; 8] = ["ij,jk->ik", "ii->i", "i,i", "", "ab->", "x\ny", "é→", "...ij,jk"];

/// Results of more elements serve no further call: it would take long and say nothing new.
const LARGE: usize = 5000;

/// Arrays of a tape that calls are made with.
struct Pool<'t> {
    tape: &'t Tape<f64>,
    reals: Vec<V<'t>>,
    indices: Vec<Index<'t, f64>>,
    keys: Vec<Key<'t, f64>>,
}

impl<'t> Pool<'t> {
    fn new(tape: &'t Tape<f64>, draw: &mut Draw) -> Self {
        let mut pool = Pool { tape, reals: Vec::new(), indices: Vec::new(), keys: vec![tape.key(7)] };
        for i in 0..5 {
            let shape = draw.small_shape();
            let array = draw.array(&shape);
            pool.reals.push(if i == 4 { tape.data(&array) } else { tape.input(&array) });
        }
        for _ in 0..2 {
            let shape = draw.small_shape();
            let indices = draw.indices(&shape);
            pool.indices.push(tape.index(&indices));
        }
        pool
    }

    fn real(&self, draw: &mut Draw) -> V<'t> {
        draw.one_of(&self.reals).copied().unwrap_or_else(|| self.tape.constant(1.0))
    }

    fn index(&self, draw: &mut Draw) -> Index<'t, f64> {
        draw.one_of(&self.indices).copied().unwrap_or_else(|| self.tape.index(0))
    }

    fn key(&self, draw: &mut Draw) -> Key<'t, f64> {
        draw.one_of(&self.keys).copied().unwrap_or_else(|| self.tape.key(0))
    }

    fn keep(&mut self, result: Arg<'t, f64>) {
        match result {
            Arg::Real(x) => self.reals.push(x),
            Arg::Index(x) => self.indices.push(x),
            Arg::Key(x) => self.keys.push(x),
        }
    }
}

/// A tape, and another one whose arrays stray into its calls.
pub fn calls(draw: &mut Draw, record: &Record) {
    let tape = if draw.once_in(4) { Tape::symbolic() } else { Tape::new() };
    let other = Tape::new();
    let mut pool = Pool::new(&tape, draw);
    let stranger = Pool::new(&other, draw);
    for _ in 0..30 {
        let strays = draw.once_in(25);
        let from = |draw: &mut Draw| if strays && draw.once_in(2) { stranger.real(draw) } else { pool.real(draw) };
        let (a, b, c) = (from(draw), from(draw), from(draw));
        let arguments = Arguments {
            tape: &tape,
            a,
            b,
            c,
            i: if strays { stranger.index(draw) } else { pool.index(draw) },
            j: pool.index(draw),
            key: pool.key(draw),
            axis: draw.axis(),
            axes: draw.axes(),
            shape: draw.shape(),
            n: draw.count(),
            m: draw.count(),
            p: draw.number(),
            q: draw.number(),
            word: WORDS[draw.below(WORDS.len())],
        };
        let family = FAMILIES[draw.below(FAMILIES.len())];
        let (name, operation) = family[draw.below(family.len())];
        record.call(format!("{name}: {}", arguments.text()));
        let result = operation(&arguments);
        let error = match result {
            Arg::Real(x) => x.error(),
            Arg::Index(x) => x.to_real().error(),
            Arg::Key(x) => x.uniform([0], 0).error(),
        };
        // Of an error, more is made sometimes.
        let keep = error.is_none() || draw.once_in(10);
        record.answer(error.map_or(Ok(()), Err));
        if keep && result.shape().is_ok_and(|shape| shape.size() <= LARGE) {
            pool.keep(result);
        }
        if draw.once_in(6) {
            ask(draw, record, &pool, &stranger);
        }
    }
}

/// Questions about an array: its value, its derivatives, a program.
fn ask<'t>(draw: &mut Draw, record: &Record, pool: &Pool<'t>, stranger: &Pool<'_>) {
    let x = pool.real(draw);
    let question = draw.below(6);
    record.call(format!("question {question} about {:?}", x.shape().map(|shape| shape.to_string())));
    match question {
        0 => {
            record.answer(x.value());
        }
        1 => {
            record.answer(x.item());
        }
        2 => {
            if let Some(mut gradients) = record.answer(x.sum(..).backward()) {
                record.answer(gradients.get(pool.real(draw)).map(|_| ()));
                record.answer(gradients.take(pool.real(draw)));
            }
        }
        3 => {
            let shape = draw.small_shape();
            let seed = draw.array(&shape);
            record.answer(x.backward_from(&seed));
        }
        4 => {
            record.answer(x.tape().program(&[x, pool.real(draw)]).map(|program| program.to_text()));
        }
        _ => {
            let wanted = stranger.real(draw);
            record.answer(wanted.backward_from(draw.array(&[])));
            record.answer(stranger.tape.program(&[wanted]));
        }
    }
}
