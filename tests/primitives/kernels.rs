//! The kernels of reductions and rearrangements against their definitions, bit for bit: however an array lies in memory,
//! and whichever way a kernel takes through it, the numbers are those of the definition, written here element by element.

use autodiff::kernels::{Operand, View, ViewMut};
use autodiff::primitive::{Generator, Output};
use autodiff::{Attributes, Real, Registry, Shape};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

// Under Miri, which takes a thousand times as long, arrays are small, and so are the chunks of sums, so that arrays still
// have several.
const CASES: u64 = if cfg!(miri) { 4 } else { 200 };
const ELEMENTS: usize = if cfg!(miri) { 260 } else { 6_000 };

/// The chunks of a sum.
const CHUNK: usize = if cfg!(miri) { 128 } else { 1024 };

/// An array: its elements in logical order, and a buffer in which they lie at strides.
#[derive(Debug)]
struct Laid<F> {
    shape: Vec<usize>,
    elements: Vec<F>,
    buffer: Vec<F>,
    strides: Vec<usize>,
}

impl<F: Real> Laid<F> {
    /// Axes in any order in memory, with gaps or without, some of them repeating what they have.
    fn new(generator: &mut Generator, shape: &[usize]) -> Self {
        let mut order: Vec<usize> = (0..shape.len()).collect();
        if generator.flip() {
            order.sort_by_cached_key(|_| generator.integer(0, 99));
        }
        let (gaps, repeats) = (generator.integer(0, 3) == 0, generator.integer(0, 3) == 0);
        let mut strides = vec![0; shape.len()];
        let mut step = 1;
        for axis in order.into_iter().rev() {
            if repeats && generator.integer(0, 3) == 0 {
                continue;
            }
            step *= if gaps { generator.integer(1, 2) } else { 1 };
            strides[axis] = step;
            step *= shape[axis].max(1);
        }
        let wild = generator.integer(0, 5) == 0;
        let mut numbers = Numbers::new(generator);
        let buffer: Vec<F> = (0..step).map(|_| F::of(numbers.next(wild))).collect();
        let place = |index: &[usize]| index.iter().zip(&strides).map(|(i, stride)| i * stride).sum::<usize>();
        let elements = indices(shape).iter().map(|index| buffer[place(index)]).collect();
        Laid { shape: shape.to_vec(), elements, buffer, strides }
    }

    fn at(&self, index: &[usize]) -> F {
        self.elements[index.iter().zip(&self.shape).fold(0, |flat, (i, length)| flat * length + i)]
    }
}

/// Many numbers, by splitmix64: the generator behind generator takes most of the time under Miri.
struct Numbers(u64);

impl Numbers {
    fn new(generator: &mut Generator) -> Self {
        Numbers(generator.integer(0, usize::MAX) as u64)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ z >> 31) % bound as u64) as usize
    }

    /// Numbers that tie, cancel and have signed zeros among them; infinities and NaN where they are `wild`.
    fn next(&mut self, wild: bool) -> f64 {
        match self.below(12) {
            0 => 0.0,
            1 => -0.0,
            2 | 3 => self.below(5) as f64 - 2.0,
            4 if wild => [f64::INFINITY, f64::NEG_INFINITY, f64::NAN][self.below(3)],
            _ => self.below(1 << 53) as f64 * (12.0 / (1u64 << 53) as f64) - 6.0,
        }
    }
}

/// Every position of an array, in logical order.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |all, length| {
        all.iter().flat_map(|index| (0..*length).map(move |i| [&**index, &[i]].concat())).collect()
    })
}

/// Up to four axes; some as long as the strips, tiles and chunks of the kernels, or a little longer.
fn shape(generator: &mut Generator, low: usize) -> Vec<usize> {
    let long = [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 52, 4 * CHUNK + 1];
    let lengths = [[7, 8, 9, 10, 16, 17], [31, 33, 40, 64, 65, 100], long];
    loop {
        let rank = generator.integer(low, 4);
        let length = |_| match generator.integer(0, 19) {
            0 => 0,
            1..=3 => 1,
            4..=10 => generator.integer(2, 5),
            11..=14 => lengths[0][generator.integer(0, 5)],
            15..=17 => lengths[1][generator.integer(0, 5)],
            _ => lengths[2][generator.integer(0, 5)],
        };
        let shape: Vec<usize> = (0..rank).map(length).collect();
        if shape.iter().product::<usize>() <= ELEMENTS {
            return shape;
        }
    }
}

/// The result of a primitive on arrays where they lie, then indices.
fn evaluated<F: Real>(name: &str, attributes: Attributes, x: &[&Laid<F>], i: Option<(&[usize], &[usize])>) -> Vec<F> {
    let primitive = Registry::<F>::standard().make(name, &attributes, &[]).unwrap();
    let shapes: Vec<Shape> = x.iter().map(|x| x.shape.as_slice().into()).collect();
    let index_shape = Shape::from(i.map_or(&[][..], |(_, shape)| shape));
    let views = x.iter().zip(&shapes);
    let views = views.map(|(x, shape)| Operand::Real(View::strided(&x.buffer, shape, &x.strides).unwrap()));
    let index = i.map(|(data, _)| Operand::Index(View::contiguous(data, &index_shape).unwrap()));
    let operands: Vec<Operand<'_, F>> = views.chain(index).collect();
    let all: Vec<&Shape> = shapes.iter().chain(i.map(|_| &index_shape)).collect();
    let result = primitive.shape(&all).unwrap();
    let mut y = vec![F::of(7.0); result.size()];
    primitive.run(&operands, &mut [Output::Real(ViewMut::new(&mut y, &result).unwrap())]).unwrap();
    y
}

/// The same bits; any NaN equals any NaN.
#[track_caller]
fn same<F: Real>(what: &str, got: &[F], expected: &[F], x: &Laid<F>) {
    let bits = |x: &F| if x.is_nan() { f64::NAN.to_bits() } else { x.double().to_bits() };
    let different = got.iter().zip(expected).position(|(a, b)| bits(a) != bits(b));
    assert_eq!(got.len(), expected.len(), "{what}");
    if let Some(at) = different {
        let (got, expected, Laid { shape, strides, .. }) = (got[at], expected[at], x);
        panic!("{what} of {shape:?} at strides {strides:?}: element {at} is {got:e}, not {expected:e}");
    }
}

/// The elements of each lane along `axes`, lanes and elements in logical order.
fn lanes<F: Real>(x: &Laid<F>, axes: &[usize]) -> Vec<Vec<F>> {
    let kept: Vec<usize> = (0..x.shape.len()).filter(|axis| !axes.contains(axis)).collect();
    let gone: Vec<usize> = axes.iter().map(|axis| x.shape[*axis]).collect();
    let outer = indices(&kept.iter().map(|axis| x.shape[*axis]).collect::<Vec<_>>());
    let at = |outer: &[usize], inner: &[usize]| {
        let mut index = vec![0; x.shape.len()];
        kept.iter().zip(outer).chain(axes.iter().zip(inner)).for_each(|(axis, i)| index[*axis] = *i);
        x.at(&index)
    };
    let inner = indices(&gone);
    outer.iter().map(|outer| inner.iter().map(|inner| at(outer, inner)).collect()).collect()
}

/// The tree that `autodiff::kernels::sum` documents.
fn sum<F: Real>(x: &[F]) -> F {
    fn halves<F: Real>(sums: &[F]) -> F {
        match sums.split_at(sums.len().div_ceil(2)) {
            ([one], []) => *one,
            (left, right) => halves(left) + halves(right),
        }
    }
    fn chunk<F: Real>(x: &[F]) -> F {
        if x.len() <= 16 {
            return x.iter().copied().reduce(|a, b| a + b).unwrap();
        }
        let partial = |i| x.iter().skip(i).step_by(16).copied().reduce(|a, b| a + b).unwrap();
        let mut sums: Vec<F> = (0..16).map(partial).collect();
        while sums.len() > 1 {
            let (left, right) = sums.split_at(sums.len() / 2);
            sums = left.iter().zip(right).map(|(a, b)| *a + *b).collect();
        }
        sums[0]
    }
    if x.is_empty() { F::zero() } else { halves(&x.chunks(CHUNK).map(chunk).collect::<Vec<_>>()) }
}

/// The last of those that no other exceeds; NaN if there is one.
fn max<F: Real>(x: &[F]) -> F {
    match x.iter().any(|x| x.is_nan()) {
        true => F::nan(),
        false => x.iter().copied().fold(F::neg_infinity(), |a, b| if b >= a { b } else { a }),
    }
}

/// The largest element, and log(1 + the exponentials of the others, relative to it).
fn parts<F: Real>(x: &[F]) -> (F, F) {
    let largest = max(x);
    let mut others = x.to_vec();
    match x.iter().position(|x| *x == largest && largest != F::neg_infinity()) {
        None => return (largest, F::zero()),
        Some(first) => others.remove(first),
    };
    (largest, sum(&others.iter().map(|x| shifted(*x, largest).exponential()).collect::<Vec<_>>()).ln_1p())
}

fn log_sum_exp<F: Real>(x: &[F]) -> F {
    let (largest, rest) = parts(x);
    largest + rest
}

fn softmax<F: Real>(x: &[F]) -> Vec<F> {
    let largest = max(x);
    let powers: Vec<F> = x.iter().map(|x| shifted(*x, largest).exponential()).collect();
    let total = sum(&powers);
    powers.iter().map(|power| if total == F::zero() { F::zero() } else { *power / total }).collect()
}

/// x − m; 0 at m itself, also where it is +∞, and −∞ where all elements are.
fn shifted<F: Real>(x: F, m: F) -> F {
    match m {
        m if m == F::neg_infinity() => m,
        m if m == x => F::zero(),
        m => x - m,
    }
}

fn log_softmax<F: Real>(x: &[F]) -> Vec<F> {
    let (largest, rest) = parts(x);
    x.iter().map(|x| shifted(*x, largest) - rest).collect()
}

fn reductions<F: Real>(seed: u64) {
    let mut generator = Generator::new(seed);
    let shape = shape(&mut generator, 0);
    let x = Laid::<F>::new(&mut generator, &shape);
    let axes = generator.axes(shape.len());
    let lanes = lanes(&x, &axes);
    let attributes = Attributes::new().with_list("axes", &axes).with_flag("keep", generator.flip());
    let reduced = |name, f: fn(&[F]) -> F| {
        let expected: Vec<F> = lanes.iter().map(|lane| f(lane)).collect();
        same(&format!("{name} over {axes:?}"), &evaluated(name, attributes.clone(), &[&x], None), &expected, &x);
    };
    reduced("sum", sum);
    reduced("log_sum_exp", log_sum_exp);
    // Which is the largest of no elements is refused.
    if lanes.iter().all(|lane| !lane.is_empty()) {
        reduced("max", max);
    }
    let kept = |(axis, length)| if axes.contains(&axis) { 1 } else { length };
    let target: Vec<usize> = shape.iter().copied().enumerate().map(kept).collect();
    let sums: Vec<F> = lanes.iter().map(|lane| sum(lane)).collect();
    // Of axes of length 1, those that go are sums of one element either way; of length 0, `sum_to` keeps none.
    if !shape.contains(&0) {
        let to = evaluated("sum_to", Attributes::new().with_list("shape", &target), &[&x], None);
        same(&format!("sum_to {target:?}"), &to, &sums, &x);
    }
}

fn softmaxes<F: Real>(seed: u64) {
    let mut generator = Generator::new(seed);
    let shape = shape(&mut generator, 1);
    let x = Laid::<F>::new(&mut generator, &shape);
    let axis = generator.integer(0, shape.len() - 1);
    let lanes = lanes(&x, &[axis]);
    for (name, f) in [("softmax", softmax as fn(&[F]) -> Vec<F>), ("log_softmax", log_softmax)] {
        let results: Vec<Vec<F>> = lanes.iter().map(|lane| f(lane)).collect();
        let inner: usize = shape[axis + 1..].iter().product();
        let at = |flat: usize| results[flat / (inner * shape[axis]) * inner + flat % inner][flat / inner % shape[axis]];
        let expected: Vec<F> = (0..x.elements.len()).map(at).collect();
        let attributes = Attributes::new().with("axis", axis.into());
        same(&format!("{name} along {axis}"), &evaluated(name, attributes, &[&x], None), &expected, &x);
    }
}

/// What a rearrangement puts at each position of the result.
fn rearranged<F>(shape: &[usize], f: impl Fn(&[usize]) -> F) -> Vec<F> {
    indices(shape).iter().map(|index| f(index)).collect()
}

fn rearrangements<F: Real>(seed: u64) {
    let mut generator = Generator::new(seed);
    let shape = shape(&mut generator, 1);
    let x = Laid::<F>::new(&mut generator, &shape);
    let size = x.elements.len();
    let mut order: Vec<usize> = (0..shape.len()).collect();
    order.sort_by_cached_key(|_| generator.integer(0, 99));
    let turned: Vec<usize> = order.iter().map(|axis| shape[*axis]).collect();
    let y = evaluated("transpose", Attributes::new().with_list("axes", &order), &[&x], None);
    let back = |index: &[usize]| {
        let mut from = vec![0; index.len()];
        order.iter().zip(index).for_each(|(axis, i)| from[*axis] = *i);
        x.at(&from)
    };
    same("transpose", &y, &rearranged(&turned, back), &x);

    let y = evaluated("reshape", Attributes::new().with_list("shape", &[size]), &[&x], None);
    same("reshape", &y, &x.elements, &x);

    let axis = generator.integer(0, shape.len() - 1);
    let with = |length: usize| {
        let mut shape = shape.clone();
        shape[axis] = length;
        shape
    };
    let at = |index: &[usize], i: usize| {
        let mut index = index.to_vec();
        index[axis] = i;
        x.at(&index)
    };
    let start = generator.integer(0, shape[axis]);
    let stop = generator.integer(start, shape[axis]);
    let range = Attributes::new().with("axis", axis.into()).with("start", start.into()).with("stop", stop.into());
    let expected = rearranged(&with(stop - start), |index| at(index, index[axis] + start));
    same("slice", &evaluated("slice", range, &[&x], None), &expected, &x);

    let (before, after) = (generator.integer(0, 3), generator.integer(0, 3));
    let around = Attributes::new().with("axis", axis.into());
    let around = around.with("before", before.into()).with("after", after.into());
    let expected = rearranged(&with(before + shape[axis] + after), |index| match index[axis].checked_sub(before) {
        Some(i) if i < shape[axis] => at(index, i),
        _ => F::zero(),
    });
    same("pad", &evaluated("pad", around, &[&x], None), &expected, &x);

    let other = Laid::<F>::new(&mut generator, &with(start));
    let expected = rearranged(&with(shape[axis] + start), |index| match index[axis].checked_sub(shape[axis]) {
        None => at(index, index[axis]),
        Some(i) => {
            let mut index = index.to_vec();
            index[axis] = i;
            other.at(&index)
        }
    });
    same(
        "concat",
        &evaluated("concat", Attributes::new().with("axis", axis.into()), &[&x, &other], None),
        &expected,
        &x,
    );

    let wide: Vec<usize> = [generator.integer(1, 3)].into_iter().chain(with(3)).collect();
    let one = Laid::<F>::new(&mut generator, &with(1));
    let y = evaluated("broadcast_to", Attributes::new().with_list("shape", &wide), &[&one], None);
    let from = |index: &[usize]| {
        let mut index = index[1..].to_vec();
        index[axis] = 0;
        one.at(&index)
    };
    same("broadcast_to", &y, &rearranged(&wide, from), &one);
}

fn by_index<F: Real>(seed: u64) {
    let mut generator = Generator::new(seed);
    let shape = shape(&mut generator, 1);
    let x = Laid::<F>::new(&mut generator, &shape);
    let (Some((rows, rest)), Some((columns, outer))) = (shape.split_first(), shape.split_last()) else { return };
    let mut numbers = Numbers::new(&mut generator);
    let mut draw = |count: usize, bound: usize| -> Vec<usize> { (0..count).map(|_| numbers.below(bound)).collect() };

    if *columns > 0 {
        let i = draw(outer.iter().product(), *columns);
        let flat: Vec<F> = i.iter().enumerate().map(|(row, i)| x.elements[row * columns + i]).collect();
        same("pick", &evaluated("pick", Attributes::new(), &[&x], Some((&i, outer))), &flat, &x);
    }
    let i = draw(x.elements.len(), 3);
    let expected: Vec<F> = x
        .elements
        .iter()
        .zip(&i)
        .flat_map(|(x, i)| (0..3).map(move |j| if j == *i { *x } else { F::zero() }))
        .collect();
    let place = evaluated("place", Attributes::new().with("length", 3usize.into()), &[&x], Some((&i, &shape)));
    same("place", &place, &expected, &x);

    let width: usize = rest.iter().product();
    if *rows > 0 {
        let i = draw(12, *rows);
        let expected: Vec<F> = i.iter().flat_map(|i| &x.elements[i * width..(i + 1) * width]).copied().collect();
        same("gather", &evaluated("gather", Attributes::new(), &[&x], Some((&i, &[3, 4]))), &expected, &x);
    }
    let i = draw(*rows, 4);
    let mut expected = vec![F::zero(); 4 * width];
    for (row, i) in i.iter().enumerate() {
        (0..width).for_each(|j| expected[i * width + j] = expected[i * width + j] + x.elements[row * width + j]);
    }
    let scattered =
        evaluated("scatter_add", Attributes::new().with("rows", 4usize.into()), &[&x], Some((&i, &[*rows])));
    same("scatter_add", &scattered, &expected, &x);
}

#[test]
fn reductions_are_those_of_the_definition() {
    (0..CASES).for_each(|seed| (reductions::<f32>(seed), reductions::<f64>(seed)).0);
}

#[test]
fn softmaxes_are_those_of_the_definition() {
    (0..CASES).for_each(|seed| (softmaxes::<f32>(seed), softmaxes::<f64>(seed)).0);
}

#[test]
fn rearrangements_move_every_element_to_its_place() {
    (0..CASES).for_each(|seed| (rearrangements::<f32>(seed), rearrangements::<f64>(seed)).0);
}

#[test]
fn what_goes_by_index_is_that_of_the_definition() {
    (0..CASES).for_each(|seed| (by_index::<f32>(seed), by_index::<f64>(seed)).0);
}

/// Long sums, where chunks are added together and side by side.
#[test]
fn a_long_sum_is_the_tree() {
    let mut numbers = Numbers(1);
    let (few, many) = ([1, 15, 16, 17, 1000], [5000, 65_536, 100_001]);
    let edges = [CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, 3 * CHUNK, 4 * CHUNK];
    for length in few.into_iter().chain(edges).chain(many).filter(|length| !cfg!(miri) || *length <= 1000) {
        let x: Vec<f32> = (0..length).map(|_| numbers.next(false) as f32).collect();
        assert_eq!(autodiff::kernels::sum(&x).to_bits(), sum(&x).to_bits(), "{length} elements");
        // The sign of a sum of negative zeros is theirs.
        assert!(autodiff::kernels::sum(&vec![-0.0f32; length]).is_sign_negative(), "{length} zeros");
    }
}

/// Element i has word i of the generator for its leading bits, and word 2⁶⁷ + i for those that single precision has no
/// room for, drawn one at a time.
#[test]
fn uniform_numbers_are_single_draws() {
    fn drawn<F: Real>(size: usize) -> Vec<F> {
        let attributes = Attributes::new().with_list("shape", &[size]).with("stream", 5usize.into());
        let uniform = Registry::<F>::standard().make("uniform", &attributes, &[]).unwrap();
        let mut y = vec![F::of(7.0); size];
        let shape = Shape::from([size]);
        uniform.run(&[Operand::Key(42)], &mut [Output::Real(ViewMut::new(&mut y, &shape).unwrap())]).unwrap();
        y
    }
    for size in [0usize, 1, 3, 255, 256, 257, 1000].into_iter().take(if cfg!(miri) { 6 } else { 7 }) {
        let [mut upper, mut lower] = [0, 1 << 67].map(|position| {
            let mut random = ChaCha8Rng::seed_from_u64(42);
            random.set_stream(5);
            random.set_word_pos(position);
            random
        });
        let words: Vec<(u32, u32)> = (0..size).map(|_| (upper.random(), lower.random())).collect();
        let single = words.iter().map(|(upper, _)| (upper >> 8) as f32 / 2f32.powi(24));
        assert_eq!(drawn::<f32>(size), single.collect::<Vec<_>>());
        let double = words
            .iter()
            .map(|(upper, lower)| (f64::from(*upper) * 2f64.powi(21) + f64::from(lower >> 11)) / 2f64.powi(53));
        assert_eq!(drawn::<f64>(size), double.collect::<Vec<_>>());
    }
}

/// Of several zeros that are the largest, the last one's sign, in rows of every length.
#[test]
fn the_largest_of_zeros_is_the_last() {
    let mut numbers = Numbers(2);
    for length in 1..if cfg!(miri) { 40 } else { 200 } {
        let x: Vec<f64> = (0..length).map(|_| [0.0, -0.0, -1.0][numbers.next(false).to_bits() as usize % 3]).collect();
        let found = autodiff::Tape::new().input(x.clone()).max(..).item().unwrap();
        assert_eq!(found.to_bits(), max(&x).to_bits(), "{x:?}");
    }
}

/// More rows than are copied at a time, of arrays transposed both ways.
#[test]
fn long_transposes() {
    for [rows, columns] in
        [[20, 1100], [1100, 20], [130, 129], [2100, 9]].into_iter().take(if cfg!(miri) { 0 } else { 4 })
    {
        let x: Vec<f64> = (0..rows * columns).map(|i| i as f64).collect();
        let (shape, strides) = (Shape::from([columns, rows]), [1, columns]);
        let mut y = vec![-1.0; x.len()];
        autodiff::kernels::copy(View::strided(&x, &shape, &strides).unwrap(), ViewMut::new(&mut y, &shape).unwrap());
        let expected = (0..x.len()).map(|i| (i % rows * columns + i / rows) as f64);
        assert_eq!(y, expected.collect::<Vec<_>>(), "{rows} × {columns}");
    }
}
