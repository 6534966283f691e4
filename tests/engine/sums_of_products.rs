//! What plans save around products and slices: products are added to an array as they are computed, parts of an array are put
//! together, and loops do not write out their invariants again and again. The bits are those of the program.

use autodiff::{Feed, Input, Program, Tape, Var};
use ndarray::ArrayD;

/// Elements of a block in these tests, fewer than every array has.
const BLOCK: usize = 4;

fn numbers(shape: &[usize], k: usize) -> ArrayD<f64> {
    let count: usize = shape.iter().product();
    ArrayD::from_shape_vec(shape, (0..count).map(|i| ((i * k + 3) % 13) as f64 / 7.0 - 0.9).collect()).unwrap()
}

/// How many products the plan adds to something, and how many of them in the place of that.
fn added(explained: &str) -> [usize; 2] {
    let lines: Vec<&str> = explained.lines().filter(|line| line.contains(" @ ")).collect();
    [lines.len(), lines.iter().filter(|line| line.ends_with("in its place")).count()]
}

/// The plan, by one thread and by several, gives what the program does; what it says of itself.
#[track_caller]
fn planned(program: &Program<f64>) -> String {
    let inputs: Vec<Input<f64>> =
        program.inputs().enumerate().map(|(k, (_, shape))| Input::Real(numbers(shape, 2 * k + 3))).collect();
    let expected = program.run(&inputs).unwrap();
    let mut explained = String::new();
    for threads in [1, 3] {
        let mut plan = program.planner().threads(threads).in_small(BLOCK).plan().unwrap();
        for _ in 0..2 {
            assert_eq!(plan.run(&inputs).unwrap(), expected, "{}", plan.explain());
        }
        explained = plan.explain();
    }
    explained
}

/// An operand as it lies, or as a transpose of another array.
fn lying<'t>(tape: &'t Tape<f64>, shape: [usize; 2], transposed: bool) -> Var<'t, f64> {
    match transposed {
        false => tape.input(numbers(&shape, 5)),
        true => tape.input(numbers(&[shape[1], shape[0]], 5)).transpose(),
    }
}

#[test]
fn a_product_is_added_to_arrays_and_rows_however_the_operands_lie() {
    let (m, k, n) = (5, 7, 3);
    for case in 0..24 {
        let tape = Tape::new();
        let a = lying(&tape, [m, k], case & 1 == 1);
        let b = lying(&tape, [k, n], case & 2 == 2);
        let product = a.matmul(b);
        let x = match case / 8 {
            0 => tape.input(numbers(&[m, n], 3)),
            1 => tape.input(numbers(&[n], 3)),
            // A part of an array, with other columns beside it.
            _ => tape.input(numbers(&[m + 2, n + 1], 3)).slice(0, 1..m + 1).slice(1, 1..n + 1),
        };
        let sum = if case & 4 == 4 { product + x } else { x + product };
        let explained = planned(&tape.program(&[sum.tanh(), sum]).unwrap());
        assert_eq!(added(&explained), [1, 0], "case {case}:\n{explained}");
    }
    // A bias, and rows of several matrices.
    let tape = Tape::new();
    let (x, w, b) = (tape.input(numbers(&[2, 4, 3], 1)), tape.input(numbers(&[3, 6], 2)), tape.input(numbers(&[6], 3)));
    let explained = planned(&tape.program(&[x.matmul(w).add_bias(b).relu()]).unwrap());
    assert_eq!(added(&explained), [1, 0], "{explained}");
    let flat = tape.input(numbers(&[8, 6], 4));
    let explained = planned(&tape.program(&[x.matmul(w).reshape([8, 6]) + flat]).unwrap());
    assert_eq!(added(&explained), [1, 0], "another shape with the same rows:\n{explained}");
}

#[test]
fn sums_of_several_products_are_added_up_in_one_place() {
    let tape = Tape::new();
    let [x, y, z] = [1, 2, 3].map(|k| tape.input(numbers(&[5, 4], k)));
    let [u, v, w] = [4, 5, 6].map(|k| tape.input(numbers(&[4, 6], k)));
    let sum = x.matmul(u) + y.matmul(v) + z.matmul(w);
    let explained = planned(&tape.program(&[sum.square()]).unwrap());
    assert_eq!(added(&explained), [2, 2], "{explained}");
}

#[test]
fn a_product_that_others_read_or_that_cannot_be_added_is_computed_by_itself() {
    let tape = Tape::new();
    let (a, b, x) = (tape.input(numbers(&[5, 7], 1)), tape.input(numbers(&[7, 3], 2)), tape.input(numbers(&[5, 3], 3)));
    let product = a.matmul(b);
    let vector = tape.input(numbers(&[7], 1));
    let long = tape.input(numbers(&[5, 300], 1)).matmul(tape.input(numbers(&[300, 3], 2)));
    let batched = tape.input(numbers(&[2, 5, 7], 1)).matmul(tape.input(numbers(&[2, 7, 3], 2)));
    let cases = [
        vec![product + x, product],
        vec![product + x, product.sum(0)],
        vec![product + product],
        vec![product - x],
        // A column, and the other array broadcast by the product.
        vec![product + x.slice(1, 0..1)],
        vec![product + tape.input(numbers(&[4, 5, 3], 1))],
        vec![product.reshape([3, 5]) + x.reshape([3, 5])],
        vec![product.transpose() + x.transpose()],
        vec![product + tape.constant(2.0)],
        vec![tape.input(numbers(&[5, 7], 1)).matmul(vector) + tape.input(numbers(&[5], 2))],
        // Several chains for each element.
        vec![long + x],
        vec![batched + x],
        // A loop that computes x writes the sum, too.
        vec![product + x.tanh()],
    ];
    for (i, case) in cases.iter().enumerate() {
        let explained = planned(&tape.program(case).unwrap());
        assert_eq!(added(&explained), [0, 0], "case {i}:\n{explained}");
    }
}

/// A sum takes the place of what it is added to, unless the product reads that, or somebody later.
#[test]
fn a_sum_takes_the_place_of_an_array_that_is_needed_no_more() {
    let tape = Tape::new();
    let w = tape.input(numbers(&[4, 4], 3));
    let x = tape.input(numbers(&[4, 4], 1)).matmul(tape.input(numbers(&[4, 4], 2)));
    let places = [
        (x + w.matmul(w), 1),
        (x + x.matmul(w), 0),
        (x + w.matmul(x), 0),
        ((x + w.matmul(w)) * x.tanh().matmul(w), 0),
        ((x + w.matmul(w)) * x.slice(0, 0..1), 0),
    ];
    for (i, (y, in_place)) in places.into_iter().enumerate() {
        let explained = planned(&tape.program(&[y]).unwrap());
        assert_eq!(added(&explained), [1, in_place], "case {i}:\n{explained}");
    }
}

/// Parameters to which products are added: w ← w + aᵀ·b, and what is no update in place.
#[test]
fn updates_by_products_are_made_in_place() {
    let in_place = |outputs: &[Var<'_, f64>], tape: &Tape<f64>| {
        let program = tape.program(outputs).unwrap();
        let arrays: Vec<ArrayD<f64>> =
            program.inputs().enumerate().map(|(k, (_, shape))| numbers(shape, 2 * k + 3)).collect();
        let inputs: Vec<Input<f64>> = arrays.iter().cloned().map(Input::Real).collect();
        let expected = program.run(&inputs).unwrap();
        let mut plan = program.planner().in_small(BLOCK).update(0, 0).plan().unwrap();
        let mut data: Vec<Vec<f64>> = arrays.iter().map(|array| array.iter().copied().collect()).collect();
        let mut feeds: Vec<Feed<'_, f64>> =
            data.iter_mut().enumerate().map(|(i, x)| if i == 0 { Feed::Update(x) } else { Feed::Real(x) }).collect();
        plan.execute(&mut feeds).unwrap();
        drop(feeds);
        assert_eq!(data[0], expected[0].iter().copied().collect::<Vec<_>>(), "{}", plan.explain());
        for (i, expected) in expected.iter().enumerate().skip(1) {
            assert_eq!(plan.output(i).unwrap(), expected, "{i}\n{}", plan.explain());
        }
        plan.explain().contains("input 0 ← output 0 in place")
    };
    let tape = Tape::new();
    let w = tape.input(numbers(&[4, 4], 1));
    let (a, b) = (tape.input(numbers(&[6, 4], 2)), tape.input(numbers(&[6, 4], 3)));
    let gradient = a.transpose().matmul(b);
    assert!(in_place(&[w + gradient], &tape));
    assert!(in_place(&[w + gradient, w * 2.0], &tape));
    assert!(!in_place(&[w + w.matmul(w)], &tape), "the product reads w in another order");
    assert!(!in_place(&[w + gradient, (w + gradient).matmul(w)], &tape), "w is read behind the update");
}

/// The gradient of an invariant of a loop is a carry to which each step adds a product, where it lies.
#[test]
fn a_loop_adds_products_to_its_carries() {
    let tape = Tape::new();
    let (x, w, xs) =
        (tape.input(numbers(&[3, 4], 1)), tape.input(numbers(&[4, 4], 2)), tape.input(numbers(&[6, 3, 4], 3)));
    let ([last], [all]) = tape.scan(6, [x], [xs], |_, [h], [x]| {
        let h = (h.matmul(w) + x).tanh();
        ([h], [h])
    });
    let loss = last.sum(..) + all.square().sum(..);
    let gradients = loss.gradient(&[x, w, xs]).unwrap();
    planned(&tape.program(&[loss, gradients[0], gradients[1], gradients[2]]).unwrap());
    // A body that multiplies by the carry that it adds to, and one that may refuse behind the sum.
    let ([last], [all]) = tape.scan(4, [w], [], |_, [c], []| ([c + c.matmul(w) * 0.1 + w.matmul(w)], [c.sum(0)]));
    planned(&tape.program(&[last, all]).unwrap());
    let ([last], [all]) = tape.scan(4, [w], [], |_, [c], []| {
        let next = c + w.matmul(w);
        ([next], [next.sum(0)])
    });
    let explained = planned(&tape.program(&[last, all]).unwrap());
    assert!(explained.contains("loop of 4 steps"), "{explained}");
}

/// The gradient of slices that are all of an axis is one array, put together, with the bits of the sum.
#[test]
fn gradients_of_slices_are_put_together() {
    let tape = Tape::new();
    let x = tape.input(numbers(&[4, 9], 3));
    let part = |from: usize, to: usize| x.slice(1, from..to);
    let joined = |loss: Var<'_, f64>| {
        let gradient = loss.gradient(&[x]).unwrap()[0];
        let explained = planned(&tape.program(&[gradient]).unwrap());
        explained.lines().filter(|line| line.contains("pad(")).count() == 0
    };
    let (a, b, c) = (part(0, 2), part(2, 5), part(5, 9));
    assert!(joined(a.exp().sum(..) + b.tanh().sum(..) + c.sin().sum(..)));
    assert!(joined(c.exp().sum(..) + a.tanh().sum(..) + b.sin().sum(..)), "in any order");
    // Zeros of either sign: x + 0 is +0 for both.
    let zero = tape.input(numbers(&[4, 2], 1)) * 0.0;
    assert!(joined((a * -zero).sum(..) + b.exp().sum(..) + c.exp().sum(..)));
    // A part that is missing, one that is there twice, parts that overlap, and another axis.
    assert!(!joined(a.exp().sum(..) + c.sin().sum(..)));
    assert!(!joined(a.exp().sum(..) + a.sin().sum(..) + part(2, 9).sum(..) * 2.0 + part(2, 5).exp().sum(..)));
    assert!(!joined(part(0, 3).exp().sum(..) + part(2, 9).tanh().sum(..)));
    assert!(!joined(part(0, 2).exp().sum(..) + x.slice(0, 2..4).tanh().sum(..)));
}

/// What a product reads by columns is written out once, before the loop.
#[test]
fn a_loop_does_not_transpose_its_invariants_in_every_step() {
    let tape = Tape::new();
    let (x, w) = (tape.input(numbers(&[3, 4], 1)), tape.input(numbers(&[4, 4], 2)));
    let ([last], []) = tape.scan(5, [x], [], |_, [h], []| ([(h.matmul(w.transpose()) * 0.5).tanh()], []));
    let explained = planned(&tape.program(&[last]).unwrap());
    assert!(!explained.contains("strided"), "{explained}");
    assert!(explained.contains("write out [4, 4]"), "{explained}");
}

/// A loop keeps the sum of a product and a bias, not the product, from which it would be computed again.
#[test]
fn a_loop_keeps_what_is_added_to_a_product() {
    let tape = Tape::new();
    let (x, w) = (tape.input(numbers(&[3, 4], 1)), tape.input(numbers(&[4, 4], 2)));
    let b = tape.input(numbers(&[4], 3));
    let ([last], []) = tape.scan(5, [x], [], |_, [h], []| ([h.matmul(w).add_bias(b).tanh()], []));
    let gradient = last.sum(..).gradient(&[x]).unwrap()[0];
    let text = tape.program(&[gradient]).unwrap().to_string();
    planned(&tape.program(&[gradient]).unwrap());
    assert_eq!(text.matches("add_bias").count(), 1, "{text}");
}

/// More parts than a plan looks for stay a sum, and it is the same sum.
#[test]
fn many_parts_of_an_array() {
    for parts in [15, 16, 17, 40] {
        let tape = Tape::new();
        let x = tape.input(numbers(&[2, parts], 3));
        let each = (0..parts).map(|i| (x.slice(1, i..i + 1) * (i as f64 - 3.0)).sin().sum(..));
        let gradient = tape.total(&each.collect::<Vec<_>>()).gradient(&[x]).unwrap()[0];
        let explained = planned(&tape.program(&[gradient]).unwrap());
        assert_eq!(explained.contains("pad("), parts > 16, "{parts} parts:\n{explained}");
    }
}
