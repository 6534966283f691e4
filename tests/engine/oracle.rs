//! A second interpreter of random programs, over dual numbers, which shares no code with the engine.
//!
//! `num_dual` has these operations itself: + − · /, exp, ln, exp_m1, ln_1p, sqrt, cbrt, sin, cos, atan, atan2, asinh, tanh,
//! powi, powf, powd. erf is its power series. Those it lacks are
//! composed of them: sigmoid, log_sum_exp, softmax, log_softmax, matmul, einsum, conv, average_pool, sums and means,
//! running sums and products. The rest only choose or move numbers, with the engine's conventions at ties: relu,
//! leaky_relu, abs, maximum, minimum, max, select, concat, slice, pad, max_pool, sort, top_k, argmax, argmin, gather, pick,
//! place, take_along, scatter_add, scatter_add_along, slice_step, flip, roll, tril, transpose, reshape, broadcast_to. Loops
//! are loops, and conditions conditions. Random numbers alone are the engine's.

use autodiff::Tape;
use autodiff::check::strategy::{Body, Line, Op, Recipe};
use num_dual::DualNum;
use std::cell::Cell;
use std::cmp::Ordering;

/// A dual number of any order.
pub trait Dual: DualNum<Primitive = f64> + Copy {}

impl<D: DualNum<Primitive = f64> + Copy> Dual for D {}

/// A row-major array.
#[derive(Clone, Debug)]
pub struct Array<T> {
    pub shape: Vec<usize>,
    pub data: Vec<T>,
}

impl<T: Copy> Array<T> {
    /// The element at an index into a shape this broadcasts to.
    fn at(&self, index: &[usize]) -> T {
        let index = &index[index.len() - self.shape.len()..];
        let flat = index.iter().zip(&self.shape).fold(0, |flat, (i, d)| flat * d + if *d == 1 { 0 } else { *i });
        self.data[flat]
    }

    fn build(shape: &[usize], f: impl FnMut(&[usize]) -> T) -> Self {
        let mut f = f;
        Array { shape: shape.to_vec(), data: indices(shape).iter().map(|index| f(index)).collect() }
    }

    fn map(&self, f: impl Fn(T) -> T) -> Self {
        Array { shape: self.shape.clone(), data: self.data.iter().map(|x| f(*x)).collect() }
    }

    /// `f` of the elements along `axes`, for each index of the other axes.
    fn reduce<S: Copy>(&self, axes: &[usize], shape: &[usize], f: impl Fn(&[T]) -> S) -> Array<S> {
        Array::build(shape, |kept| {
            let matches = |index: &&Vec<usize>| {
                let rest: Vec<usize> = (0..index.len()).filter(|i| !axes.contains(i)).map(|i| index[i]).collect();
                rest == kept
            };
            f(&indices(&self.shape).iter().filter(matches).map(|index| self.at(index)).collect::<Vec<_>>())
        })
    }

    /// The elements along `axis` through `index`.
    fn lane(&self, axis: usize, index: &[usize]) -> Vec<T> {
        (0..self.shape[axis]).map(|i| self.at(&with(index, axis, i))).collect()
    }

    /// Row `i` of the first axis.
    fn row(&self, i: usize) -> Self {
        let size = self.shape[1..].iter().product::<usize>();
        Array { shape: self.shape[1..].to_vec(), data: self.data[i * size..(i + 1) * size].to_vec() }
    }

    /// Rows along a new first axis, of a shape that has it.
    fn stack(shape: &[usize], rows: &[&Self]) -> Self {
        Array { shape: shape.to_vec(), data: rows.iter().flat_map(|row| row.data.iter().copied()).collect() }
    }

    /// The transposed, reshaped, repeated or cut array.
    fn moved(&self, op: &Op, shape: &[usize]) -> Self {
        match op {
            Op::Reshape(_) => Array { shape: shape.to_vec(), data: self.data.clone() },
            Op::Transpose => Array::build(shape, |i| self.at(&i.iter().rev().copied().collect::<Vec<_>>())),
            Op::Slice(axis, start, _) => Array::build(shape, |i| self.at(&with(i, *axis, start + i[*axis]))),
            _ => Array::build(shape, |i| self.at(i)),
        }
    }
}

/// The index with another number on `axis`.
fn with(index: &[usize], axis: usize, number: usize) -> Vec<usize> {
    let mut index = index.to_vec();
    index[axis] = number;
    index
}

fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![Vec::new()], |all, length| {
        all.iter().flat_map(|head| (0..*length).map(move |i| head.iter().copied().chain([i]).collect())).collect()
    })
}

/// A value of any kind.
#[derive(Clone, Debug)]
enum Value<D> {
    Real(Array<D>),
    Index(Array<usize>),
    Key(u64),
}

impl<D: Dual> Value<D> {
    fn real(&self) -> &Array<D> {
        let Value::Real(x) = self else { panic!("reals, not {self:?}") };
        x
    }

    fn index(&self) -> &Array<usize> {
        let Value::Index(i) = self else { panic!("indices, not {self:?}") };
        i
    }

    fn key(&self) -> u64 {
        let Value::Key(key) = self else { panic!("a key, not {self:?}") };
        *key
    }

    fn row(&self, i: usize) -> Self {
        match self {
            Value::Real(x) => Value::Real(x.row(i)),
            Value::Index(x) => Value::Index(x.row(i)),
            Value::Key(_) => panic!("a key has no rows"),
        }
    }
}

/// The interpreter.
struct Oracle {
    /// Whether two numbers were compared that differ by no more than rounding: another way to compute them may decide
    /// otherwise.
    near: Cell<bool>,
}

/// What a recipe computes of these inputs; nothing where rounding may have decided.
pub fn value<D: Dual>(recipe: &Recipe, inputs: Vec<Array<D>>) -> Option<D> {
    let oracle = Oracle { near: Cell::new(false) };
    let mut values: Vec<Value<D>> = inputs.into_iter().map(Value::Real).collect();
    oracle.lines(&recipe.lines, &mut values);
    let Some(Value::Real(y)) = values.last() else { panic!("the last line is no number") };
    (!oracle.near.get()).then_some(y.data[0])
}

fn total<D: Dual>(x: &[D]) -> D {
    x.iter().copied().fold(D::from(0.0), |a, b| a + b)
}

impl Oracle {
    fn order<D: Dual>(&self, a: D, b: D) -> Ordering {
        let (a, b) = (a.re(), b.re());
        self.near.set(self.near.get() || (a != b && (a - b).abs() <= 1e-11 * (1.0 + a.abs() + b.abs())));
        a.partial_cmp(&b).expect("numbers")
    }

    fn above<D: Dual>(&self, a: D, b: D) -> bool {
        self.order(a, b) == Ordering::Greater
    }

    /// The larger one; the mean of two that tie.
    fn larger<D: Dual>(&self, a: D, b: D) -> D {
        match self.order(a, b) {
            Ordering::Equal => (a + b) * 0.5,
            Ordering::Greater => a,
            Ordering::Less => b,
        }
    }

    /// The largest one; the mean of those that tie.
    fn largest<D: Dual>(&self, x: &[D]) -> D {
        let top = x[self.best(x, Ordering::Greater)];
        let ties: Vec<D> = x.iter().copied().filter(|x| self.order(*x, top) == Ordering::Equal).collect();
        total(&ties) / ties.len() as f64
    }

    /// Where the first of the largest or smallest is.
    fn best<D: Dual>(&self, x: &[D], order: Ordering) -> usize {
        (1..x.len()).fold(0, |best, i| if self.order(x[i], x[best]) == order { i } else { best })
    }

    fn log_sum_exp<D: Dual>(&self, x: &[D]) -> D {
        let top = x.iter().map(|x| x.re()).fold(f64::NEG_INFINITY, f64::max);
        total(&x.iter().map(|x| (*x - top).exp()).collect::<Vec<_>>()).ln() + top
    }

    /// Where the elements of a lane go when they are sorted; equal ones keep their order.
    fn order_of<D: Dual>(&self, lane: &[D], descending: bool) -> Vec<usize> {
        let mut order: Vec<usize> = (0..lane.len()).collect();
        order.sort_by(|a, b| match descending {
            true => self.order(lane[*b], lane[*a]),
            false => self.order(lane[*a], lane[*b]),
        });
        order
    }

    fn lines<D: Dual>(&self, lines: &[Line], values: &mut Vec<Value<D>>) {
        for line in lines {
            let x: Vec<&Value<D>> = line.operands.iter().map(|i| &values[*i]).collect();
            let results = match &line.op {
                Op::Scan { steps, reversed, carries, body, .. } => {
                    self.scan(line, body, (*steps, *reversed, *carries), &x, values)
                }
                Op::Cond { then, otherwise } => {
                    let first = self.above(x[0].real().data[0], x[1].real().data[0]);
                    self.body(if first { then } else { otherwise }, values, Vec::new())
                }
                Op::While { most, threshold, body } => {
                    let mut carries: Vec<Value<D>> = x.into_iter().cloned().collect();
                    let mut made = 0;
                    let mut more = true;
                    while more && made < *most {
                        carries = self.body(body, values, given(made, &carries, &[]));
                        let test = carries.pop().expect("a test");
                        more = self.above(test.real().data[0], D::from(*threshold));
                        made += 1;
                    }
                    carries.push(Value::Index(Array { shape: Vec::new(), data: vec![made] }));
                    carries
                }
                _ => self.several(line, &x),
            };
            assert_eq!(results.len(), line.results.len(), "{line:?}");
            values.extend(results);
        }
    }

    fn body<D: Dual>(&self, body: &Body, outside: &[Value<D>], given: Vec<Value<D>>) -> Vec<Value<D>> {
        let mut values: Vec<Value<D>> = outside.iter().cloned().chain(given).collect();
        self.lines(&body.lines, &mut values);
        body.results.iter().map(|x| values[*x].clone()).collect()
    }

    fn scan<D: Dual>(
        &self,
        line: &Line,
        body: &Body,
        (steps, reversed, count): (usize, bool, usize),
        x: &[&Value<D>],
        outside: &[Value<D>],
    ) -> Vec<Value<D>> {
        let (carries, inputs) = x.split_at(count);
        let mut carries: Vec<Value<D>> = carries.iter().copied().cloned().collect();
        let mut rows: Vec<Vec<Value<D>>> = vec![Vec::new(); steps];
        for position in 0..steps {
            let step = if reversed { steps - 1 - position } else { position };
            let inputs: Vec<Value<D>> = inputs.iter().map(|x| x.row(step)).collect();
            let mut next = self.body(body, outside, given(step, &carries, &inputs));
            rows[step] = next.split_off(count);
            carries = next;
        }
        for (j, of) in line.results[count..].iter().enumerate() {
            let real = rows.iter().map(|row| &row[j]).all(|value| matches!(value, Value::Real(_)));
            carries.push(match real {
                true => Value::Real(Array::stack(&of.shape, &rows.iter().map(|r| r[j].real()).collect::<Vec<_>>())),
                false => Value::Index(Array::stack(&of.shape, &rows.iter().map(|r| r[j].index()).collect::<Vec<_>>())),
            });
        }
        carries
    }

    /// The results of an operation that has several, gives indices or keys, or takes either of reals and indices.
    fn several<D: Dual>(&self, line: &Line, x: &[&Value<D>]) -> Vec<Value<D>> {
        let shape: &[usize] = &line.results[0].shape;
        let numbers = |f: &dyn Fn(usize) -> usize| Value::Index(x[0].index().map(f));
        let pairs = |f: &dyn Fn(usize, usize) -> usize| {
            Value::Index(Array::build(shape, |i| f(x[0].index().at(i), x[1].index().at(i))))
        };
        let positions =
            |axis: &usize, order| Value::Index(x[0].real().reduce(&[*axis], shape, |lane| self.best(lane, order)));
        let ordered = |axis: usize, descending| {
            let order = Array::build(shape, |i| self.order_of(&x[0].real().lane(axis, i), descending)[i[axis]]);
            let elements = Array::build(shape, |i| x[0].real().at(&with(i, axis, order.at(i))));
            vec![Value::Real(elements), Value::Index(order)]
        };
        vec![match &line.op {
            Op::Indices(indices) => {
                Value::Index(Array { shape: indices.shape().to_vec(), data: indices.iter().copied().collect() })
            }
            Op::ArgMax(axis) => positions(axis, Ordering::Greater),
            Op::ArgMin(axis) => positions(axis, Ordering::Less),
            Op::Sort(axis) => return ordered(*axis, false),
            Op::TopK(_, axis) => return ordered(*axis, true),
            Op::IndexAdd(n) => numbers(&|i| i + n),
            Op::IndexMul(n) => numbers(&|i| i * n),
            Op::IndexDiv(n) => numbers(&|i| i / n),
            Op::IndexRem(n) => numbers(&|i| i % n),
            Op::IndexSum => pairs(&|i, j| i + j),
            Op::IndexDifference => pairs(&|i, j| i - j),
            Op::IndexProduct => pairs(&|i, j| i * j),
            Op::Key(key) => Value::Key(*key),
            Op::FoldIn => {
                let key = Tape::<f64>::new().key(x[0].key()).fold_in(x[1].index().data[0]).value();
                Value::Key(key.expect("a key"))
            }
            Op::Transpose | Op::Reshape(_) | Op::BroadcastTo(_) | Op::Slice(..) => match x[0] {
                Value::Index(i) => Value::Index(i.moved(&line.op, shape)),
                x => Value::Real(x.real().moved(&line.op, shape)),
            },
            _ => Value::Real(self.indexed(line, x, shape)),
        }]
    }

    fn indexed<D: Dual>(&self, line: &Line, x: &[&Value<D>], shape: &[usize]) -> Array<D> {
        let places = |to: &dyn Fn(&[usize]) -> Vec<usize>| {
            let from = indices(&x[0].real().shape);
            Array::build(shape, |at| {
                total(&from.iter().filter(|i| to(i) == at).map(|i| x[0].real().at(i)).collect::<Vec<_>>())
            })
        };
        let i = |index: &[usize]| x[1].index().at(index);
        match &line.op {
            Op::Uniform(_) => {
                let drawn = Tape::<f64>::new().key(x[0].key()).uniform(shape, 0).value().expect("numbers");
                Array { shape: shape.to_vec(), data: drawn.iter().map(|x| D::from(*x)).collect() }
            }
            Op::ToReal => Array::build(shape, |at| D::from(x[0].index().at(at) as f64)),
            Op::SelectBelow(n) => Array::build(shape, |at| match x[0].index().at(at) < *n {
                true => x[1].real().at(at),
                false => x[2].real().at(at),
            }),
            Op::Gather => Array::build(shape, |at| {
                let (row, rest) = at.split_at(x[1].index().shape.len());
                x[0].real().at(&[&[i(row)], rest].concat())
            }),
            Op::Pick => Array::build(shape, |at| x[0].real().at(&[at, &[i(at)]].concat())),
            Op::TakeAlong(axis) => Array::build(shape, |at| x[0].real().at(&with(at, *axis, i(at)))),
            Op::ScatterAdd(_) => places(&|from| {
                let (row, rest) = from.split_at(x[1].index().shape.len());
                [&[i(row)], rest].concat()
            }),
            Op::Place(_) => places(&|from| [from, &[i(from)]].concat()),
            Op::ScatterAddAlong(axis, _) => places(&|from| with(from, *axis, i(from))),
            _ => self.reals(line, &x.iter().map(|x| x.real()).collect::<Vec<_>>(), shape),
        }
    }

    fn reals<D: Dual>(&self, Line { op, .. }: &Line, x: &[&Array<D>], shape: &[usize]) -> Array<D> {
        let zero = D::from(0.0);
        let each = |f: &dyn Fn(D) -> D| x[0].map(f);
        let both = |f: &dyn Fn(D, D) -> D| Array::build(shape, |i| f(x[0].at(i), x[1].at(i)));
        match op {
            Op::Neg => each(&|x| -x),
            Op::Exp => each(&|x| x.exp()),
            Op::Log => each(&|x| x.ln()),
            Op::Sqrt => each(&|x| x.sqrt()),
            Op::Sin => each(&|x| x.sin()),
            Op::Cos => each(&|x| x.cos()),
            Op::Atan => each(&|x| x.atan()),
            Op::Tanh => each(&tanh),
            Op::Erf => each(&erf),
            Op::Asinh => each(&|x| x.asinh()),
            Op::Expm1 => each(&|x| x.exp_m1()),
            Op::Log1p => each(&|x| x.ln_1p()),
            Op::Cbrt => each(&|x| x.cbrt()),
            Op::Hypot => both(&|a, b| (a * a + b * b).sqrt()),
            Op::Atan2 => both(&|a, b| a.atan2(b)),
            Op::Pow => both(&|a, b| a.powd(b)),
            Op::Sigmoid => each(&sigmoid),
            Op::Ruled => each(&|x| (x.exp() + 1.0).ln()),
            Op::Relu => each(&|x| if self.order(x, zero) == Ordering::Less { x * 0.0 } else { x }),
            Op::LeakyRelu(beta) => each(&|x| if self.order(x, zero) == Ordering::Less { x * *beta } else { x }),
            Op::Abs => each(&|x| match self.order(x, zero) {
                Ordering::Equal => x * 0.0,
                Ordering::Greater => x,
                Ordering::Less => -x,
            }),
            Op::PowI(n) => each(&|x| x.powi(*n)),
            Op::PowF(p) => each(&|x| x.powf(*p)),
            Op::Scale(c) => each(&|x| x * *c),
            Op::Shift(c) => each(&|x| x + *c),
            Op::Add | Op::AddBias => both(&|a, b| a + b),
            Op::Sub => both(&|a, b| a - b),
            Op::Mul => both(&|a, b| a * b),
            Op::Div => both(&|a, b| a / b),
            Op::Maximum => both(&|a, b| self.larger(a, b)),
            Op::Minimum => both(&|a, b| -self.larger(-a, -b)),
            Op::Select => {
                Array::build(shape, |i| if self.above(x[0].at(i), x[1].at(i)) { x[2].at(i) } else { x[3].at(i) })
            }
            Op::MatMul => Array::build(shape, |i| {
                let vectors = [0, 1].map(|operand| x[operand].shape.len() == 1);
                let (lead, matrix) = i.split_at(i.len() + vectors.iter().filter(|vector| **vector).count() - 2);
                let at = |operand: usize, place: [usize; 2], k: usize| match vectors[operand] {
                    true => x[operand].at(&[k]),
                    false => x[operand].at(&[lead, &place].concat()),
                };
                let (row, column) = (matrix.first().copied().unwrap_or(0), matrix.last().copied().unwrap_or(0));
                let depth = *x[0].shape.last().expect("no number");
                total(&(0..depth).map(|k| at(0, [row, k], k) * at(1, [k, column], k)).collect::<Vec<_>>())
            }),
            Op::Einsum(subscripts) => einsum(subscripts, x, shape),
            Op::Sum(axes) => x[0].reduce(axes, shape, total),
            Op::Mean(axes) => x[0].reduce(axes, shape, |x| total(x) / x.len() as f64),
            Op::Max(axes) => x[0].reduce(axes, shape, |x| self.largest(x)),
            Op::LogSumExp(axes) => x[0].reduce(axes, shape, |x| self.log_sum_exp(x)),
            Op::Softmax(axis) => Array::build(shape, |i| (x[0].at(i) - self.log_sum_exp(&x[0].lane(*axis, i))).exp()),
            Op::LogSoftmax(axis) => Array::build(shape, |i| x[0].at(i) - self.log_sum_exp(&x[0].lane(*axis, i))),
            Op::Concat(axis) => Array::build(shape, |i| {
                let length = x[0].shape[*axis];
                let part = usize::from(i[*axis] >= length);
                x[part].at(&with(i, *axis, i[*axis] - part * length))
            }),
            Op::Pad(axis, before, _) => {
                Array::build(shape, |i| match i[*axis].checked_sub(*before).filter(|i| *i < x[0].shape[*axis]) {
                    Some(inside) => x[0].at(&with(i, *axis, inside)),
                    None => zero,
                })
            }
            Op::SliceStep(axis, start, _, step) => {
                Array::build(shape, |i| x[0].at(&with(i, *axis, start + i[*axis] * step)))
            }
            Op::Flip(axis) => Array::build(shape, |i| x[0].at(&with(i, *axis, shape[*axis] - 1 - i[*axis]))),
            Op::Roll(axis, shift) => Array::build(shape, |i| {
                let from = (i[*axis] as isize - shift).rem_euclid(shape[*axis] as isize);
                x[0].at(&with(i, *axis, from as usize))
            }),
            Op::TriL(diagonal) => Array::build(shape, |i| match *i {
                [.., row, column] if column as isize - row as isize <= *diagonal => x[0].at(i),
                _ => zero,
            }),
            Op::CumSum(axis) => Array::build(shape, |i| total(&x[0].lane(*axis, i)[..=i[*axis]])),
            Op::CumProd(axis) => Array::build(shape, |i| {
                x[0].lane(*axis, i)[..=i[*axis]].iter().copied().fold(D::from(1.0), |a, b| a * b)
            }),
            Op::Conv(padding) => Array::build(shape, |i| {
                let element = |k: usize| (i[2] + k).checked_sub(*padding).filter(|at| *at < x[0].shape[2]);
                let terms =
                    (0..x[1].shape[2]).filter_map(|k| Some(x[1].at(&[0, 0, k]) * x[0].at(&[0, 0, element(k)?])));
                total(&terms.collect::<Vec<_>>())
            }),
            Op::MaxPool(length) => Array::build(shape, |i| {
                let (axis, start) = (i.len() - 1, i[i.len() - 1]);
                let window = &x[0].lane(axis, i)[start..start + length];
                window[self.best(window, Ordering::Greater)]
            }),
            Op::AveragePool(length) => Array::build(shape, |i| {
                let (axis, start) = (i.len() - 1, i[i.len() - 1]);
                total(&x[0].lane(axis, i)[start..start + length]) / *length as f64
            }),
            other => panic!("{other:?} is unknown"),
        }
    }
}

/// 1/(1 + e⁻ˣ), where no exponential overflows, nor its square in a derivative.
fn sigmoid<D: Dual>(x: D) -> D {
    let small = if x.re() < 0.0 { x.exp() } else { (-x).exp() };
    if x.re() < 0.0 { small / (small + 1.0) } else { (small + 1.0).recip() }
}

/// 2/√π·Σ (−1)ⁿx²ⁿ⁺¹/(n!(2n + 1)), for |x| ≤ 2.
fn erf<D: Dual>(x: D) -> D {
    let (mut power, mut sum) = (x, x);
    for n in 1..40 {
        power = -power * x * x / f64::from(n);
        sum += power / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

/// tanh x; where it is flat, sinh and cosh overflow.
fn tanh<D: Dual>(x: D) -> D {
    if x.re().abs() < 20.0 { x.tanh() } else { sigmoid(x * 2.0) * 2.0 - 1.0 }
}

/// What a body is given.
fn given<D: Dual>(step: usize, carries: &[Value<D>], inputs: &[Value<D>]) -> Vec<Value<D>> {
    let step = Value::Index(Array { shape: Vec::new(), data: vec![step] });
    std::iter::once(step).chain(carries.iter().chain(inputs).cloned()).collect()
}

/// The sum over all values of the labels that the result does not have.
fn einsum<D: Dual>(subscripts: &str, x: &[&Array<D>], shape: &[usize]) -> Array<D> {
    let (operands, result) = subscripts.split_once("->").expect("an arrow");
    let operands: Vec<&str> = operands.split(',').collect();
    let mut labels: Vec<(char, usize)> = Vec::new();
    for (operand, x) in operands.iter().zip(x) {
        labels.extend(operand.chars().zip(x.shape.iter().copied()));
    }
    labels.sort_unstable();
    labels.dedup();
    let lengths: Vec<usize> = labels.iter().map(|(_, length)| *length).collect();
    let place = |text: &str, at: &[usize]| -> Vec<usize> {
        text.chars().map(|c| at[labels.iter().position(|(label, _)| *label == c).expect("a label")]).collect()
    };
    let all = indices(&lengths);
    Array::build(shape, |wanted| {
        let terms = all.iter().filter(|at| place(result, at) == wanted);
        let product = |at: &Vec<usize>| {
            operands.iter().zip(x).fold(D::from(1.0), |product, (text, x)| product * x.at(&place(text, at)))
        };
        total(&terms.map(product).collect::<Vec<_>>())
    })
}
