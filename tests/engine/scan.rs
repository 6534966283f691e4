//! Loops over a body program compute what the loop written out computes: values, tangents and gradients, bit for bit.

use autodiff::primitive::{Keep, Loop};
use autodiff::{Arg, ErrorKind, Feed, Input, Program, Registry, Tape, Var};
use ndarray::{Array, ArrayD, IxDyn};

/// The same numbers; zeros of either sign are the same, and any NaN equals any NaN.
#[track_caller]
fn same(a: &ArrayD<f64>, b: &ArrayD<f64>, what: &str) {
    assert_eq!(a.shape(), b.shape(), "{what}");
    for (a, b) in a.iter().zip(b) {
        assert!(a == b || (a.is_nan() && b.is_nan()), "{what}: {a:?} is not {b:?}");
    }
}

fn numbers(shape: &[usize], seed: usize) -> ArrayD<f64> {
    let mut n = seed as f64;
    Array::from_shape_simple_fn(IxDyn(shape), || {
        n += 1.0;
        (n * 12.9898).sin() * 0.9
    })
}

type Body = for<'t> fn(&[Var<'t, f64>], Var<'t, f64>, &[Var<'t, f64>]) -> (Vec<Var<'t, f64>>, Vec<Var<'t, f64>>);

/// Bodies of two carries \[2\], one per-step input \[2\], and two invariants: a matrix and a vector.
const BODIES: [(&str, Body); 6] = [
    ("recurrent", |c, x, q| {
        let h = (q[0].matmul(c[0]) + x + q[1]).tanh();
        (vec![h, c[1] + h * 0.5], vec![h * c[1]])
    }),
    ("an invariant many times", |c, x, q| {
        let h = (q[0].matmul(c[0]) * q[1] + q[1] * x).sin();
        (vec![h * q[1] + c[1] * 0.25, c[1].sigmoid() + q[0].matmul(q[1])], vec![h, q[1] * 2.0])
    }),
    ("carries exchanged", |c, x, q| (vec![c[1] * q[1], c[0] + x], vec![c[0]])),
    ("nothing of the carries", |_, x, q| (vec![x * q[1], q[0].matmul(x)], vec![x.exp()])),
    ("an output that is a carry", |c, x, _| (vec![c[0] * x + c[1], c[1]], vec![c[0], c[0]])),
    ("relu and select", |c, x, q| {
        let h = (c[0] + x).relu() - q[1];
        (vec![h, h.gt(0.0).select(c[1], x)], vec![h.maximum(c[1])])
    }),
];

struct Operands<'t> {
    carries: Vec<Var<'t, f64>>,
    xs: Var<'t, f64>,
    q: Vec<Var<'t, f64>>,
}

fn operands(tape: &Tape<f64>, steps: usize) -> Operands<'_> {
    Operands {
        carries: vec![tape.input(numbers(&[2], 1)), tape.input(numbers(&[2], 5))],
        xs: tape.input(numbers(&[steps, 2], 9)),
        q: vec![tape.input(numbers(&[2, 2], 40)), tape.input(numbers(&[2], 50))],
    }
}

impl<'t> Operands<'t> {
    fn all(&self) -> Vec<Var<'t, f64>> {
        self.carries.iter().chain([&self.xs]).chain(&self.q).copied().collect()
    }
}

/// The carries behind the loop and the stacked outputs, by a loop written out in Rust.
fn unrolled<'t>(body: Body, at: &Operands<'t>, steps: usize, reversed: bool) -> Vec<Var<'t, f64>> {
    let tape = at.xs.tape();
    let mut carries = at.carries.clone();
    let mut outputs: Vec<Vec<Var<'t, f64>>> = Vec::new();
    for position in 0..steps {
        let t = if reversed { steps - 1 - position } else { position };
        let (next, out) = body(&carries, at.xs.slice(0, t..t + 1).reshape([2]), &at.q);
        carries = next;
        outputs.push(out);
    }
    if reversed {
        outputs.reverse();
    }
    let count = outputs.first().map_or(0, Vec::len);
    let stacked = (0..count).map(|j| tape.stack(&outputs.iter().map(|out| out[j]).collect::<Vec<_>>(), 0));
    carries.iter().copied().chain(stacked).collect()
}

fn scanned<'t>(body: Body, at: &Operands<'t>, options: Loop) -> Vec<Var<'t, f64>> {
    let tape = at.xs.tape();
    let carries: Vec<Arg<'t, f64>> = at.carries.iter().map(|c| (*c).into()).collect();
    let (last, all) = tape.scan_with(options, &carries, &[at.xs.into()], |_, c, x| {
        let c: Vec<Var<'_, f64>> = c.iter().map(|c| c.var()).collect();
        let (next, out) = body(&c, x[0].var(), &at.q);
        (next.into_iter().map(Arg::Real).collect(), out.into_iter().map(Arg::Real).collect())
    });
    last.into_iter().chain(all).map(Arg::var).collect()
}

/// A number of all results, each element with a weight of its own.
fn weighted<'t>(results: &[Var<'t, f64>]) -> Var<'t, f64> {
    let mut sum: Option<Var<'t, f64>> = None;
    for (i, y) in results.iter().enumerate() {
        let weight = y.tape().constant(numbers(&y.shape().unwrap(), 70 + i));
        let term = (*y * weight).sum(..);
        sum = Some(sum.map_or(term, |sum| sum + term));
    }
    sum.unwrap()
}

const KEEPS: [Keep; 4] = [Keep::Everything, Keep::Products, Keep::Carries, Keep::Nothing];

#[test]
fn values_and_gradients_are_those_of_the_loop_written_out() {
    for (name, body) in BODIES {
        for (steps, reversed) in [(1, false), (2, true), (5, false), (5, true)] {
            let tape = Tape::<f64>::new();
            let at = operands(&tape, steps);
            let expected = unrolled(body, &at, steps, reversed);
            for keep in KEEPS {
                let what = format!("{name}, {steps} steps, reversed {reversed}, {keep:?}");
                let results = scanned(body, &at, Loop { steps, reversed, keep });
                assert_eq!(results.len(), expected.len());
                for (a, b) in results.iter().zip(&expected) {
                    same(&a.value().unwrap(), &b.value().unwrap(), &what);
                }
                let (a, b) = (weighted(&results).backward().unwrap(), weighted(&expected).backward().unwrap());
                for (i, x) in at.all().into_iter().enumerate() {
                    match (a.get(x), b.get(x)) {
                        (Ok(a), Ok(b)) => same(&a.to_owned(), &b.to_owned(), &format!("{what}: gradient of {i}")),
                        (Err(a), Err(b)) => assert_eq!(a.kind(), b.kind(), "{what}"),
                        (a, b) => panic!("{what}, operand {i}: {a:?}, {b:?}"),
                    }
                }
            }
        }
    }
}

#[test]
fn tangents_are_those_of_the_loop_written_out() {
    for (name, body) in BODIES {
        let tape = Tape::<f64>::new();
        let at = operands(&tape, 4);
        let expected = unrolled(body, &at, 4, false);
        let results = scanned(body, &at, Loop { steps: 4, reversed: false, keep: Keep::default() });
        let all = at.all();
        // Along each operand alone, and along all of them.
        for along in (0..all.len()).map(|i| vec![i]).chain([(0..all.len()).collect()]) {
            let direction = |i: &usize| (all[*i], tape.constant(numbers(&all[*i].shape().unwrap(), 90 + i)));
            let directions: Vec<_> = along.iter().map(direction).collect();
            for (a, b) in results.iter().zip(&expected) {
                let (a, b) = (a.pushforward(&directions).unwrap(), b.pushforward(&directions).unwrap());
                same(&a.value().unwrap(), &b.value().unwrap(), &format!("{name} along {along:?}"));
            }
        }
    }
}

#[test]
fn the_second_and_third_order_agree_with_the_loop_written_out() {
    for (name, body) in BODIES {
        for keep in [Keep::Products, Keep::Nothing] {
            let tape = Tape::<f64>::new();
            let at = operands(&tape, 3);
            let expected = weighted(&unrolled(body, &at, 3, false));
            let loss = weighted(&scanned(body, &at, Loop { steps: 3, reversed: false, keep }));
            let all = at.all();
            let along = |mut y, x: usize, order: usize| -> Option<ArrayD<f64>> {
                for k in 0..order {
                    let x = all[(x + k) % all.len()];
                    let dy = Var::gradient(y, &[x]).ok()?[0];
                    y = (dy * tape.constant(numbers(&dy.shape().unwrap(), 30 + k))).sum(..);
                }
                Some(y.value().unwrap())
            };
            for x in 0..5 {
                for order in [2, 3] {
                    let (a, b) = (along(loss, x, order), along(expected, x, order));
                    match (a, b) {
                        (Some(a), Some(b)) => {
                            let (a, b) = (a.sum(), b.sum());
                            let close = (a - b).abs() <= 1e-12 * (1.0 + a.abs() + b.abs());
                            assert!(close, "{name}, {keep:?}, operand {x}, order {order}: {a} {b}");
                        }
                        // A path that is not there in one of them is zero in the other.
                        (Some(y), None) | (None, Some(y)) => assert_eq!(y.sum(), 0.0, "{name} {x} {order}"),
                        (None, None) => {}
                    }
                }
            }
        }
    }
}

/// As a program, from its text, planned, in blocks of two and by threads: the same bits.
#[test]
fn programs_texts_and_plans_give_the_same_bits() {
    for (name, body) in BODIES {
        for keep in KEEPS {
            let tape = Tape::<f64>::new();
            let at = operands(&tape, 4);
            let results = scanned(body, &at, Loop { steps: 4, reversed: false, keep });
            let loss = weighted(&results);
            let mut outputs = results.clone();
            for x in at.all() {
                outputs.extend(loss.gradient(&[x]).ok().map(|dx| dx[0]));
            }
            let expected: Vec<ArrayD<f64>> = outputs.iter().map(|y| y.value().unwrap()).collect();
            let program = tape.program(&outputs).unwrap();
            let inputs: Vec<Input<f64>> = at.all().iter().map(|x| Input::Real(x.value().unwrap())).collect();
            let text = program.to_text();
            let read = Program::<f64>::parse(&text, &Registry::standard()).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert_eq!(read.to_text(), text, "{name}");
            let mut ways = vec![program.run(&inputs).unwrap(), read.run(&inputs).unwrap()];
            ways.push(program.simplified().run(&inputs).unwrap());
            for threads in [1, 2] {
                let mut plan = program.planner().in_small(2).threads(threads).plan().unwrap();
                ways.push(plan.run(&inputs).unwrap());
                ways.push(plan.run(&inputs).unwrap());
            }
            ways.push(program.plan().unwrap().run(&inputs).unwrap());
            for (way, results) in ways.iter().enumerate() {
                for (a, b) in results.iter().zip(&expected) {
                    same(a, b, &format!("{name}, {keep:?}, way {way}"));
                }
            }
        }
    }
}

#[test]
fn a_loop_in_a_loop_differentiates() {
    let tape = Tape::<f64>::new();
    let (h, w) = (tape.input(0.3), tape.input(0.7));
    let xs = tape.input(numbers(&[3, 2], 3));
    let ([last], []) = tape.scan(3, [h], [xs], |_, [h], [x]| {
        let (last, []) = w.tape().scan(2, [h], [x], |_, [h], [x]| ([(h * w + x).tanh()], []));
        (last, [])
    });
    let mut by_hand = h;
    for t in 0..3 {
        for s in 0..2 {
            by_hand = (by_hand * w + xs.slice(0, t..t + 1).slice(1, s..s + 1).reshape([])).tanh();
        }
    }
    same(&last.value().unwrap(), &by_hand.value().unwrap(), "value");
    let (a, b) = (last.backward().unwrap(), by_hand.backward().unwrap());
    for x in [h, w, xs] {
        // The inner loop adds up its own contributions first, so the last bits may differ.
        for (a, b) in a.get(x).unwrap().iter().zip(&b.get(x).unwrap()) {
            assert!((a - b).abs() <= 1e-15 * (1.0 + b.abs()), "{a} {b}");
        }
    }
}

#[test]
fn only_one_result_may_be_used_and_two_loops_of_other_bodies_are_two() {
    let tape = Tape::<f64>::new();
    let (h, w) = (tape.input(0.3), tape.input(0.7));
    let make = |double: bool| {
        tape.scan(4, [h], [], |_, [h], []| {
            let next = if double { h * w * 2.0 } else { h * w };
            ([next], [next + w])
        })
    };
    let (single, double) = (make(false), make(true));
    let y = single.1[0].sum(..) + double.1[0].sum(..);
    let program = tape.program(&[y]).unwrap().simplified();
    let loops = program.nodes().filter(|node| node.operation() == "scan").count();
    assert_eq!(loops, 2, "{program}");
    let (a, b) = (y.item().unwrap(), program.run(&[Input::real(0.3), Input::real(0.7)]).unwrap());
    assert_eq!(b[0].first(), Some(&a));
    assert!(y.backward().unwrap().item(w).unwrap().is_finite());
    // The same loop twice is one.
    let again = tape.program(&[single.0[0], single.0[0]]).unwrap().simplified();
    assert_eq!(again.nodes().filter(|node| node.operation() == "scan").count(), 1);
}

#[test]
fn a_refusal_names_the_step_and_the_operation() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0, 3.0]);
    let (last, _) = tape.scan_with(
        Loop { steps: 5, reversed: false, keep: Keep::default() },
        &[tape.constant(0.0).into()],
        &[],
        |step, c, _| (vec![(c[0].var() + x.gather(step.index())).into()], vec![]),
    );
    let error = last[0].shape().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.message().contains("in step 3, gather: index 3") && error.message().contains("scan.rs"), "{error}");
}

#[test]
fn what_does_not_fit_is_an_error_with_a_reason() {
    let tape = Tape::<f64>::new();
    let (h, xs) = (tape.input([0.0, 0.0]), tape.input([[1.0, 2.0], [3.0, 4.0]]));
    let message = |y: ([Var<'_, f64>; 1], [Var<'_, f64>; 0])| y.0[0].error().unwrap().message().to_owned();
    let long = message(tape.scan(3, [h], [xs], |_, c, _| (c, [])));
    assert!(long.contains("first axis should be 3 long"), "{long}");
    let other = message(tape.scan(2, [h], [xs], |_, [h], _| ([h.sum(..)], [])));
    assert_eq!(other, "carry 0 is f64[2] before a step and f64[] after it");
    let two = Loop { steps: 2, reversed: false, keep: Keep::default() };
    let (none, _) = tape.scan_with(two, &[h.into()], &[xs.into()], |_, _, _| (vec![], vec![]));
    assert_eq!(none[0].shape().unwrap_err().message(), "the body gives 0 carries; there are 1");
    let own = message(tape.scan(2, [h], [xs], |_, [h], _| ([h * h.tape().input(1.0)], [])));
    assert!(own.contains("an input of its own"), "{own}");
    let inside = message(tape.scan(2, [h], [xs], |_, [h], _| ([h.matmul(h.reshape([1, 2]))], [])));
    assert!(!inside.is_empty());
    let before = tape.to_string().lines().count();
    let ([read], []) = tape.scan(2, [h], [xs], |_, [h], [x]| {
        assert_eq!((h + x).item().unwrap_err().kind(), ErrorKind::NoValue);
        ([h + x], [])
    });
    assert!(read.value().is_ok());
    assert_eq!(tape.to_string().lines().count(), before + 1, "the tape shows the loop, once");
}

#[test]
fn a_long_loop_plans_like_a_short_one() {
    let lengths = [10usize, 100_000].map(|steps| {
        let tape = Tape::<f64>::symbolic();
        let x = tape.symbolic_input([]);
        let ([last], []) = tape.scan(steps, [x], [], |_, [x], []| ([x * 0.999 + x.sin() * 0.001], []));
        let gradient = last.gradient(&[x]).unwrap()[0];
        let program = tape.program(&[last, gradient]).unwrap();
        let mut plan = program.plan().unwrap();
        plan.execute(&mut [Feed::Real(&[0.5])]).unwrap();
        (program.len(), plan.number(1).unwrap())
    });
    assert_eq!(lengths[0].0, lengths[1].0);
    let (mut x, mut slope) = (0.5f64, 1.0f64);
    for _ in 0..10 {
        slope *= 0.999 + 0.001 * x.cos();
        x = 0.999 * x + 0.001 * x.sin();
    }
    assert!((lengths[0].1 - slope).abs() < 1e-14);
}

#[test]
fn an_array_of_a_step_does_not_leave_the_body() {
    let tape = Tape::<f64>::new();
    let (w, h) = (tape.input(0.5), tape.input(1.0));
    let mut left = None;
    let ([last], []) = tape.scan(3, [h], [], |_, [h], []| {
        left = Some(w.sin());
        ([h * w], [])
    });
    assert_eq!(last.item().unwrap(), 0.125);
    // Not the loop's result, which is recorded after it; and what is computed from it is the same error.
    for y in [left.unwrap(), left.unwrap() * w] {
        let error = y.value().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoValue);
        assert!(error.to_string().contains("outside the body of the loop"), "{error}");
        assert!(y.backward().is_err() && tape.program(&[y]).is_err());
    }
    // The tape shows the loop and what is around it.
    let text = tape.to_string();
    assert!(text.contains("scan") && !text.contains("sin(") && !text.contains("error"), "{text}");
}

#[test]
fn what_a_step_gives_may_be_the_carry_it_began_with() {
    let tape = Tape::<f64>::new();
    let x = tape.input([1.0, 2.0]);
    let ([last], [all]) = tape.scan(3, [x], [], |_, [x], []| ([x * 2.0], [x]));
    let program = tape.program(&[last, all]).unwrap();
    let expected = ndarray::array![[1.0, 2.0], [2.0, 4.0], [4.0, 8.0]].into_dyn();
    assert_eq!(all.value().unwrap(), expected);
    let mut plan = program.plan().unwrap();
    plan.execute(&mut [Feed::Real(&[1.0, 2.0])]).unwrap();
    assert_eq!(plan.output(1).unwrap(), expected);
    assert_eq!(plan.output(0).unwrap(), ndarray::array![8.0, 16.0].into_dyn());
}

/// Runs a program and a plan of it twice on these numbers: the bits of all outputs, and what the plan does.
fn planned(program: &Program<f64>, inputs: &[ArrayD<f64>]) -> String {
    let bound: Vec<Input<f64>> = inputs.iter().cloned().map(Input::Real).collect();
    let expected = program.run(&bound).unwrap();
    let mut plan = program.plan().unwrap();
    for _ in 0..2 {
        let mut feeds: Vec<Feed<'_, f64>> = inputs.iter().map(|x| Feed::Real(x.as_slice().unwrap())).collect();
        plan.execute(&mut feeds).unwrap();
        for (i, expected) in expected.iter().enumerate() {
            same(&plan.output(i).unwrap().to_owned(), expected, &format!("output {i}"));
        }
    }
    plan.explain()
}

#[test]
fn carries_that_read_each_other_are_copied_at_once() {
    for size in [1usize, 3, 100] {
        let tape = Tape::<f64>::new();
        let [a, b, w] = [1, 2, 3].map(|seed| tape.input(numbers(&[size], seed)));
        // (a, b, c) ← (b, a + b, a); the old values are outputs, too.
        let ([a, b, c], [old, new]) = tape.scan(7, [a, b, w], [], |_, [a, b, _], []| ([b, a + b, a], [a, a + b]));
        let program = tape.program(&[a, b, c, old, new]).unwrap();
        planned(&program, &[1, 2, 3].map(|seed| numbers(&[size], seed)));
        let gradient = tape.program(&(b.sum(..) + c.sum(..) + old.sum(..)).gradient(&[w]).unwrap_or(vec![a])).unwrap();
        planned(&gradient, &[1, 2, 3].map(|seed| numbers(&[size], seed)));
    }
}

#[test]
fn a_carry_may_be_written_where_it_lies_and_be_an_output_before() {
    for reversed in [false, true] {
        let tape = Tape::<f64>::new();
        let (x, xs) = (tape.input(0.3), tape.input(numbers(&[6], 4)));
        let options = Loop { steps: 6, reversed, keep: Keep::default() };
        let (last, all) = tape.scan_with(options, &[x.into()], &[xs.into()], |_, c, x| {
            let (c, x) = (c[0].var(), x[0].var());
            // The carry before and after, what was given, and one number as a row.
            let next = c * 0.9 + x;
            (vec![next.into()], [c, next, x, c.broadcast_to([2]), next.broadcast_to([2])].map(Arg::Real).to_vec())
        });
        let outputs: Vec<Arg<'_, f64>> = last.into_iter().chain(all).collect();
        planned(&tape.program(&outputs).unwrap(), &[numbers(&[], 1), numbers(&[6], 4)]);
    }
}

#[test]
fn a_plan_computes_invariants_once_and_drops_what_nobody_reads() {
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.input(numbers(&[3], 1)), tape.input(numbers(&[3, 3], 2)));
    let nodes = |explained: &str| -> usize {
        let line = explained.lines().find(|line| line.contains("over a body of")).unwrap();
        line.split("over a body of ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let ([last, unread], [all, _]) = tape.scan(5, [x, x], [], |_, [h, other], []| {
        let weights = (w.matmul(w).tanh() * 0.3).exp();
        ([weights.matmul(h).tanh(), (other * 2.0).sin()], [h, other.exp()])
    });
    let inputs = [numbers(&[3], 1), numbers(&[3, 3], 2)];
    let explained = planned(&tape.program(&[last]).unwrap(), &inputs);
    // The step, the carry, the weights, a product and its tanh.
    assert_eq!(nodes(&explained), 5, "{explained}");
    let explained = planned(&tape.program(&[last, all]).unwrap(), &inputs);
    assert_eq!(nodes(&explained), 5, "{explained}");
    let explained = planned(&tape.program(&[unread]).unwrap(), &inputs);
    assert!(!explained.contains("matmul"), "{explained}");
    let gradient = last.sum(..).gradient(&[w]).unwrap()[0];
    planned(&tape.program(&[gradient]).unwrap(), &inputs);
}

#[test]
fn a_body_that_may_refuse_waits_for_a_step() {
    let tape = Tape::<f64>::new();
    let (x, k, xs) = (tape.input(0.5), tape.input(1.0), tape.input([1.0, 2.0]));
    // The index does not exist; where no step is made, nobody asks for it.
    let far = tape.index(ndarray::arr0(7));
    let [y] = tape.cond(k.gt(2.0), || [xs.gather(far) * x], || [x]);
    let program = tape.program(&[y]).unwrap();
    let mut plan = program.plan().unwrap();
    let run = |plan: &mut autodiff::Plan<f64>, k: f64| {
        plan.execute(&mut [Feed::Real(&[0.5]), Feed::Real(&[k]), Feed::Real(&[1.0, 2.0]), Feed::Index(&[7])])
            .map(|()| plan.number(0).unwrap())
    };
    assert_eq!(run(&mut plan, 1.0).unwrap(), 0.5);
    assert_eq!(run(&mut plan, 3.0).unwrap_err().kind(), ErrorKind::Refused);
}

#[test]
fn a_seed_at_a_further_result_is_gone_after_the_walk() {
    let mut tape = Tape::<f64>::new();
    {
        // No input leads to the results: no rule runs that could use the seed.
        let start = tape.constant(1.0);
        let ([_, last], []) = tape.scan(2, [start, start], [], |_, [a, b], []| ([a + b, a * b], []));
        last.backward().unwrap();
    }
    tape.clear();
    let x = tape.input(2.0);
    let y = (0..40).fold(x, |y, _| -y);
    assert_eq!(y.backward().unwrap().item(x).unwrap(), 1.0);
}
