//! Tests: every machine's instructions, every way memory can lie, and any part of the output give the bits that the
//! definition does.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::base::real::FUSED;
use crate::base::shape::{Layout, Shape};

/// Random choices.
struct Random(u64);

impl Random {
    /// On [0, 1), by splitmix64: better generators take most of the time under Miri.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) >> 40) as f64 / (1u64 << 24) as f64
    }

    fn upto(&mut self, most: usize) -> usize {
        (self.unit() * (most + 1) as f64) as usize
    }

    /// Numbers of several magnitudes, and with `edges` also both zeros, infinities and numbers whose products vanish.
    fn numbers<F: Real>(&mut self, count: usize, edges: bool) -> Vec<F> {
        let mut numbers: Vec<F> = (0..count).map(|_| F::of(self.unit())).collect();
        for x in &mut numbers {
            let choice = (x.double() * 1000.0) as usize;
            let scale = [1.0, -1.0, 1e-3, -300.0][choice % 4];
            *x = (*x + F::of(0.1)) * F::of(scale);
            if edges {
                let small = F::min_positive_value();
                let edges = [F::zero(), F::neg_zero(), small, -small, small.sqrt(), -small.sqrt(), F::infinity()];
                *x = edges.get(choice / 4 % if choice > 900 { 7 } else { 40 }).copied().unwrap_or(*x);
            }
        }
        numbers
    }
}

/// A matrix and what it lies in: row-major, column-major, with gaps, repeated.
struct Lying<F> {
    data: Vec<F>,
    shape: Shape,
    strides: [usize; 2],
}

impl<F: Real> Lying<F> {
    fn new(random: &mut Random, rows: usize, columns: usize, edges: bool) -> Self {
        let gap = random.upto(3);
        let strides = match random.upto(9) {
            0..=2 => [columns + gap, 1],
            3..=5 => [1, rows + gap],
            6 => [columns * (gap + 1) + 1, gap + 1],
            7 => [0, 1],
            8 => [1, 0],
            _ => [0, 0],
        };
        let extent = 1 + rows.max(1) * strides[0] + columns.max(1) * strides[1];
        Lying { data: random.numbers(extent, edges), shape: [rows, columns].into(), strides }
    }

    fn view(&self) -> View<'_, F> {
        View::strided(&self.data, &self.shape, &self.strides).unwrap()
    }

    fn at(&self, i: usize, j: usize) -> F {
        self.data[i * self.strides[0] + j * self.strides[1]]
    }
}

fn multiply_add<F: Real>(a: F, b: F, sum: F) -> F {
    if FUSED { a.mul_add(b, sum) } else { a * b + sum }
}

/// The definition.
fn defined<F: Real>(a: &Lying<F>, b: &Lying<F>) -> Vec<F> {
    let ([m, k], [_, n]) = (&*a.shape, &*b.shape) else { unreachable!() };
    let mut output = Vec::new();
    for (i, j) in (0..*m).flat_map(|i| (0..*n).map(move |j| (i, j))) {
        let lanes = if *n == 1 { 16 } else { 1 };
        // The fewest equal blocks, or whole ones.
        let block = if *n == 1 { 16 * packed::DEPTH } else { k.div_ceil(k.div_ceil(packed::DEPTH).max(1)) };
        let mut total = None;
        for block in (0..*k).collect::<Vec<_>>().chunks(block.max(1)) {
            let mut sums = [F::zero(); 16];
            for (at, p) in block.iter().enumerate() {
                sums[at % lanes] = multiply_add(a.at(i, *p), b.at(*p, j), sums[at % lanes]);
            }
            let halved = |s: [F; 16], half| std::array::from_fn(|l| s[l] + s[(l + half) % 16]);
            let sum = if lanes == 1 { sums[0] } else { [8, 4, 2, 1].into_iter().fold(sums, halved)[0] };
            total = Some(total.map_or(sum, |total: F| total + sum));
        }
        output.push(total.unwrap_or(F::zero()));
    }
    output
}

#[track_caller]
fn assert_bits<F: Real>(got: &[F], expected: &[F], what: impl Fn() -> String) {
    let same =
        |(x, y): (&F, &F)| (x.is_nan() && y.is_nan()) || (x.double().to_bits() == y.double().to_bits() && !x.is_nan());
    assert_eq!(got.len(), expected.len());
    let wrong = got.iter().zip(expected).position(|pair| !same(pair));
    assert!(
        wrong.is_none(),
        "{}: element {wrong:?} is {:?}, not {:?}",
        what(),
        got[wrong.unwrap()],
        expected[wrong.unwrap()]
    );
}

/// The whole at every level, in two blocks of rows, and as a block of its columns.
fn check<F: Real>(random: &mut Random, m: usize, k: usize, n: usize) {
    let edges = random.upto(3) == 0;
    let (a, b) = (Lying::<F>::new(random, m, k, edges), Lying::<F>::new(random, k, n, edges));
    let expected = defined(&a, &b);
    let what = |part: &str| format!("{part} of {m}x{k} {:?} times {k}x{n} {:?}, {}", a.strides, b.strides, F::NAME);
    let (left, right) = (Matrix::of(&a.view()).unwrap(), Matrix::of(&b.view()).unwrap());
    for level in Level::all() {
        let mut output = vec![F::nan(); m * n];
        // SAFETY: the shapes fit and the output has room.
        unsafe { block(level, left, right, 0..m, 0..n, Target::new(output.as_mut_ptr(), n)) };
        assert_bits(&output, &expected, || what(&format!("{level:?}")));
    }
    let cut = random.upto(m);
    let mut output = vec![F::nan(); m * n];
    let (above, below) = output.split_at_mut(cut * n);
    matmul_rows(a.view(), b.view(), 0..cut, above).unwrap();
    matmul_rows(a.view(), b.view(), cut..m, below).unwrap();
    assert_bits(&output, &expected, || what("two blocks of rows"));
    let (first, second) = (random.upto(n), random.upto(n));
    let columns = first.min(second)..first.max(second);
    let mut output = vec![F::nan(); m * n];
    // Without rows this points nowhere.
    let to = output.as_mut_ptr().wrapping_add(cut * n + columns.start);
    // SAFETY: the columns are there, and the output has room for the whole.
    unsafe { block(Level::of_machine(), left, right, cut..m, columns.clone(), Target::new(to, n)) };
    let inside = |at: usize| n > 0 && at / n >= cut && columns.contains(&(at % n));
    let some: Vec<F> = expected.iter().enumerate().map(|(at, x)| if inside(at) { *x } else { F::nan() }).collect();
    assert_bits(&output, &some, || what("a block"));
}

/// Sums of a product with an array, with one row, and in the array's own place, in two blocks of rows.
fn check_onto<F: Real>(random: &mut Random, m: usize, k: usize, n: usize) {
    let edges = random.upto(3) == 0;
    let (a, b) = (Lying::<F>::new(random, m, k, edges), Lying::<F>::new(random, k, n, edges));
    let product = defined(&a, &b);
    let layout = |lying: &Lying<F>| Layout {
        shape: [lying.shape[0], lying.shape[1]].into(),
        strides: lying.strides.into_iter().collect(),
        offset: 0,
    };
    let y = Shape::from([m, n]);
    let x: Vec<F> = (0..m * n + 1).map(|_| F::of(random.upto(1000) as f64 - 500.0)).collect();
    for whole in [true, false] {
        let shape = if whole { y.clone() } else { [n].into() };
        let at = Layout { offset: 1, ..Layout::contiguous(shape) };
        let Some(onto) = ProductOnto::of(&layout(&a), &layout(&b), &at, &y) else {
            assert!(m == 0 || n < 2 || k == 0, "{m}x{k} times {k}x{n} is one chain for each element");
            continue;
        };
        assert_eq!((onto.size(), onto.work()), (m * n, m * k * n));
        assert!(onto.reach()[0] <= a.data.len() && onto.reach()[1] <= b.data.len() && onto.reach()[2] <= x.len());
        let expected: Vec<F> =
            product.iter().enumerate().map(|(i, p)| x[1 + if whole { i } else { i % n }] + *p).collect();
        let operands = [a.data.as_ptr(), b.data.as_ptr(), x.as_ptr()];
        let cut = random.upto(m);
        let mut output = vec![F::nan(); m * n];
        // SAFETY: as `reach` says, and the output has room for the rows.
        unsafe {
            onto.run(0..cut, operands, output.as_mut_ptr());
            onto.run(cut..m, operands, output.as_mut_ptr().add(cut * n));
        }
        assert_bits(&output, &expected, || format!("{m}x{k} times {k}x{n} onto {:?}", at.shape));
        if whole {
            let mut place = x.clone();
            let start = place.as_mut_ptr();
            // SAFETY: likewise, and the sum takes the place of what it is added to.
            unsafe { onto.run(0..m, [operands[0], operands[1], start], start.add(1)) };
            assert_bits(&place[1..], &expected, || format!("{m}x{k} times {k}x{n} in its place"));
        }
    }
    // Every level adds to what is there.
    let (left, right) = (Matrix::of(&a.view()).unwrap(), Matrix::of(&b.view()).unwrap());
    let expected: Vec<F> = product.iter().zip(&x).map(|(p, x)| *x + *p).collect();
    for level in Level::all().into_iter().filter(|_| n > 1) {
        let mut output = vec![F::nan(); m * n];
        let target = Target { before: x.as_ptr(), before_pitch: n, ..Target::new(output.as_mut_ptr(), n) };
        // SAFETY: the shapes fit, and x and the output have as many elements.
        unsafe { block(level, left, right, 0..m, 0..n, target) };
        assert_bits(&output, &expected, || format!("{level:?} of {m}x{k} times {k}x{n} onto an array"));
    }
}

/// As [`check_onto`] for several matrices a, whose rows lie side by side.
fn check_onto_of_several<F: Real>(random: &mut Random) {
    let [outer, rows, k, n] = [1 + random.upto(4), 8 + random.upto(30), 1 + random.upto(30), 2 + random.upto(30)];
    // Row r of matrix o is row r·outer + o of the array.
    let data: Vec<F> = random.numbers(outer * rows * k, false);
    let row = |at: usize| &data[(at % rows * outer + at / rows) * k..][..k];
    let in_order: Vec<F> = (0..outer * rows).flat_map(|at| row(at).to_vec()).collect();
    let row_major = |data, rows, columns| Lying { data, shape: Shape::from([rows, columns]), strides: [columns, 1] };
    let (b, x): (Vec<F>, Vec<F>) = (random.numbers(k * n, false), random.numbers(n, false));
    let product = defined(&row_major(in_order, outer * rows, k), &row_major(b.clone(), k, n));
    let expected: Vec<F> = product.iter().enumerate().map(|(i, p)| x[i % n] + *p).collect();
    let a = Layout { shape: [outer, rows, k].into(), strides: [k, outer * k, 1].into_iter().collect(), offset: 0 };
    let of_rows = |shape: &[usize]| Layout::contiguous(shape.into());
    let onto = ProductOnto::of(&a, &of_rows(&[k, n]), &of_rows(&[n]), &[outer, rows, n].into()).unwrap();
    assert_eq!((onto.reach(), onto.work()), ([data.len(), b.len(), n], outer * rows * k * n));
    let (cut, mut output) = (random.upto(outer * rows), vec![F::nan(); outer * rows * n]);
    let operands = [data.as_ptr(), b.as_ptr(), x.as_ptr()];
    // SAFETY: as `reach` says, and the output has room for the rows.
    unsafe {
        onto.run(0..cut, operands, output.as_mut_ptr());
        onto.run(cut..outer * rows, operands, output.as_mut_ptr().add(cut * n));
    }
    assert_bits(&output, &expected, || format!("{outer} times {rows}x{k} times {k}x{n}"));
}

fn a_product_onto_an_array_is_the_product_and_the_sum() {
    let mut random = Random(1);
    let (cases, most) = if cfg!(miri) { (4, 8) } else { (1000, 40) };
    for _ in 0..cases {
        let [m, k, n] = [0; 3].map(|_| random.upto(most));
        check_onto::<f32>(&mut random, m, k, n);
        check_onto::<f64>(&mut random, m, k, n);
        check_onto_of_several::<f32>(&mut random);
        check_onto_of_several::<f64>(&mut random);
    }
    // More than one chain for each element is a sum of its own first.
    let layout = |shape: [usize; 2]| Layout::contiguous(shape.into());
    let of = |k: usize| ProductOnto::of(&layout([3, k]), &layout([k, 4]), &layout([3, 4]), &[3, 4].into());
    assert!(of(packed::DEPTH).is_some() && of(packed::DEPTH + 1).is_none());
}

fn small_products_are_the_definition_bit_for_bit() {
    let mut random = Random(0);
    // Under Miri, too, more rows than a tile has and more depth than a panel (`packed.rs`).
    let (cases, most) = if cfg!(miri) { (4, 18) } else { (2000, 40) };
    for _ in 0..cases {
        let [m, k, n] = [0; 3].map(|_| random.upto(most));
        check::<f32>(&mut random, m, k, n);
        check::<f64>(&mut random, m, k, n);
    }
}

fn products_with_a_vector_are_the_definition_bit_for_bit() {
    let mut random = Random(1 << 32);
    // Under Miri, too, more depth than there are partial sums, and more columns than the widest tile has.
    let (cases, high, deep, wide) = if cfg!(miri) { (4, 30, 40, 2) } else { (1000, 40, 80, 10) };
    for _ in 0..cases {
        let (m, k) = (random.upto(high), random.upto(deep));
        check::<f32>(&mut random, m, k, 1);
        check::<f64>(&mut random, m, k, 1);
        check::<f32>(&mut random, 1, k, m * wide);
        check::<f64>(&mut random, 1, k, m * wide);
    }
    // More than fits the stack, and more k than sixteen chains sum.
    for (m, k) in if cfg!(miri) { vec![(1, 2100)] } else { vec![(3, 5000), (40, 4097), (1, 9000), (19, 12_288)] } {
        for _ in 0..if cfg!(miri) { 1 } else { 8 } {
            check::<f32>(&mut random, m, k, 1);
            check::<f64>(&mut random, m, k, 1);
        }
    }
}

/// One chain of a million terms would be off by 2e-4 here.
fn long_sums_keep_their_digits() {
    let mut random = Random(3 << 32);
    let k = if cfg!(miri) { 1000 } else { 1_000_000 };
    let a: Vec<f32> = random.numbers(k, false).into_iter().map(f32::abs).collect();
    let b: Vec<f32> = random.numbers(2 * k, false).into_iter().map(f32::abs).collect();
    for n in [1, 2] {
        let shapes = [Shape::from([1, k]), Shape::from([k, n])];
        let mut output = vec![0.0; n];
        let (left, right) = (View::contiguous(&a, &shapes[0]), View::contiguous(&b[..k * n], &shapes[1]));
        matmul_rows(left.unwrap(), right.unwrap(), 0..1, &mut output).unwrap();
        for (j, found) in output.into_iter().enumerate() {
            let exact: f64 = (0..k).map(|p| f64::from(a[p]) * f64::from(b[p * n + j])).sum();
            assert!((f64::from(found) / exact - 1.0).abs() < 5e-6, "column {j} of {n}: {found}, exactly {exact}");
        }
    }
}

fn products_of_several_blocks_are_the_definition_bit_for_bit() {
    let mut random = Random(2 << 32);
    if cfg!(miri) {
        // Panels are small there (`packed.rs`).
        return check::<f64>(&mut random, 19, 18, 26);
    }
    for (m, k, n) in [(33, 600, 130), (65, 257, 97), (17, 1030, 70), (1, 700, 300), (2, 300, 2), (90, 500, 101)] {
        for _ in 0..3 {
            check::<f32>(&mut random, m, k, n);
            check::<f64>(&mut random, m, k, n);
        }
    }
    // Rows of b that are a few sets of the first cache apart: small operands that are packed.
    for (m, k, n) in [(40, 200, 64), (36, 70, 256)] {
        for _ in 0..3 {
            check::<f32>(&mut random, m, k, n);
            check::<f64>(&mut random, m, k, n);
        }
    }
    // More rows than are packed at once, in both types.
    for (m, k, n) in [(1100, 256, 100), (530, 260, 65)] {
        check::<f32>(&mut random, m, k, n);
        check::<f64>(&mut random, m, k, n);
    }
}

fn what_does_not_fit_is_refused() {
    let (a, b) = (Shape::from([2, 3]), Shape::from([3, 2]));
    let data = [1.0; 6];
    let (a, b) = (View::contiguous(&data, &a).unwrap(), View::contiguous(&data, &b).unwrap());
    let mut output = [7.0; 4];
    assert!(matmul_rows(a, a, 0..2, &mut output).is_err(), "inner lengths");
    assert!(matmul_rows(a, b, 0..1, &mut output).is_err(), "too large an output");
    assert!(matmul_rows(a, b, 1..3, &mut output).is_err(), "no such row");
    assert!(matmul_rows(a, View::splat(&1.0, &Shape::scalar()), 0..2, &mut output).is_err(), "a scalar");
    assert_eq!(output, [7.0; 4]);
    assert!(matmul_rows(a, b, 0..2, &mut output).is_ok());
}

/// Sums of shifted rows are products with the matrix of these rows, and products with them their partial sums, at every level.
fn check_shifts<F: Machines + Real>(random: &mut Random) {
    let edges = random.upto(3) == 0;
    let some = |random: &mut Random, most: usize| (0..1 + random.upto(most)).map(|_| random.upto(30)).collect();
    let most = if random.upto(9) == 0 { 40 } else { 3 };
    let shifts = Shifts {
        channels: 1 + random.upto(most),
        plane: random.upto(50),
        rows: some(random, 3),
        columns: some(random, 3),
    };
    // Lines of the same lengths, some of which overlap: short ones, of which several fit into a tile, and long ones.
    let widest = if random.upto(2) == 0 { 70 } else { 17 };
    let width = 1 + random.upto(widest);
    let lines = Lines { count: 1 + random.upto(6), length: width, step: random.upto(2 * width) };
    let Lines { count, step, .. } = lines;
    let (depth, rows, length) = (shifts.depth(), 1 + random.upto(20), count * width);
    let x: Vec<F> = random.numbers(shifts.largest() + (count - 1) * step + width, edges);
    let shifted = |k: usize| {
        let (line, j) = (k / shifts.columns.len(), k % shifts.columns.len());
        let (channel, i) = (line / shifts.rows.len(), line % shifts.rows.len());
        channel * shifts.plane + shifts.rows[i] + shifts.columns[j]
    };
    let line = |k: usize, line: usize| &x[shifted(k) + line * step..][..width];
    let matrix: Vec<F> = (0..depth).flat_map(|k| (0..count).flat_map(move |l| line(k, l).to_vec())).collect();
    let a: Vec<F> = random.numbers(rows * depth, edges);
    let row_major = |data, rows, columns| Lying { data, shape: Shape::from([rows, columns]), strides: [columns, 1] };
    let expected = defined(&row_major(a.clone(), rows, depth), &row_major(matrix, depth, length));
    let b: Vec<F> = random.numbers(rows * count * width, edges);
    let start: Vec<F> = random.numbers(rows * depth * LANES, false);
    let mut partial = start.clone();
    for (at, sums) in partial.chunks_exact_mut(LANES).enumerate() {
        let (row, k) = (at / depth, at % depth);
        for (line, f) in (0..count).flat_map(|line| (0..width).map(move |f| (line, f))) {
            let product = [b[(row * count + line) * width + f], x[shifted(k) + line * step + f]];
            sums[f % LANES] = multiply_add(product[0], product[1], sums[f % LANES]);
        }
    }
    for level in Level::all() {
        let mut y = vec![F::nan(); rows * length];
        // SAFETY: the rows and the shifts are those the arrays were made for.
        unsafe { shifted::sums(level, &shifts, (a.as_ptr(), rows), x.as_ptr(), lines, y.as_mut_ptr()) };
        // The product of a matrix with a single column is summed in another order.
        if length > 1 {
            assert_bits(&y, &expected, || format!("{lines:?} of {shifts:?}, {level:?}, {}", F::NAME));
        }
        let mut sums = start.clone();
        // SAFETY: as above.
        unsafe { shifted::products(level, &shifts, (b.as_ptr(), rows), x.as_ptr(), lines, sums.as_mut_ptr()) };
        // A lane without an element adds a zero.
        let found: Vec<F> = sums.iter().map(|x| *x + F::zero()).collect();
        let partial: Vec<F> = partial.iter().map(|x| *x + F::zero()).collect();
        assert_bits(&found, &partial, || format!("{lines:?} of {shifts:?}, {level:?}, {}", F::NAME));
    }
}

fn shifted_rows_are_the_definition_bit_for_bit() {
    let mut random = Random(4 << 32);
    for _ in 0..if cfg!(miri) { 2 } else { 500 } {
        check_shifts::<f32>(&mut random);
        check_shifts::<f64>(&mut random);
    }
}

fn shifts_beyond_the_array_are_refused() {
    let shifts =
        Shifts { channels: 2, plane: 4, rows: [0].into_iter().collect(), columns: [0, 1].into_iter().collect() };
    let (x, mut y) = ([1.0; 8], [7.0; 3]);
    let (lines, mut partial) = (Lines { count: 1, length: 3, step: 3 }, [0.0; 64]);
    assert!(sums_of_shifts(&shifts, &[1.0; 4], &x, lines, &mut y).is_ok());
    assert_eq!(y, [4.0; 3]);
    let single = Lines { count: 3, length: 1, step: 1 };
    assert!(sums_of_shifts(&shifts, &[1.0; 4], &x, single, &mut y).is_ok());
    assert!(sums_of_shifts(&shifts, &[1.0; 4], &x, Lines { step: 2, ..single }, &mut y).is_err(), "the last line");
    assert!(sums_of_shifts(&shifts, &[1.0; 4], &x[..7], lines, &mut y).is_err(), "x ends before the last shift does");
    assert!(sums_of_shifts(&shifts, &[1.0; 3], &x, lines, &mut y).is_err(), "a weight is missing");
    assert!(products_with_shifts(&shifts, &[1.0; 3], &x, lines, &mut partial).is_ok());
    assert_eq!(partial.as_chunks::<LANES>().0.iter().map(sum_of_partial).collect::<Vec<f64>>(), [3.0; 4]);
    assert!(products_with_shifts(&shifts, &[1.0; 3], &x[..7], lines, &mut partial).is_err(), "x ends too early");
    assert!(products_with_shifts(&shifts, &[1.0; 3], &x, lines, &mut partial[..63]).is_err(), "no room for the sums");
}

self_tests!(
    a_product_onto_an_array_is_the_product_and_the_sum,
    small_products_are_the_definition_bit_for_bit,
    products_with_a_vector_are_the_definition_bit_for_bit,
    long_sums_keep_their_digits,
    products_of_several_blocks_are_the_definition_bit_for_bit,
    what_does_not_fit_is_refused,
    shifted_rows_are_the_definition_bit_for_bit,
    shifts_beyond_the_array_are_refused,
);
