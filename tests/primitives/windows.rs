//! Convolution and pooling against loops over their formulas: values and gradients, however they are evaluated.

use autodiff::primitive::PerAxis;
use autodiff::{Conv, Input, Pooling, Program, Real, Tape, Var};
use ndarray::{ArrayD, IxDyn, array};
use proptest::prelude::*;

/// How a window moves along one axis: its length, stride, dilation, padding before and after.
#[derive(Clone, Copy, Debug)]
struct Axis {
    size: usize,
    length: usize,
    stride: usize,
    dilation: usize,
    padding: [usize; 2],
}

impl Axis {
    /// Where element i of the window at p is on the axis, if it is on it.
    fn at(&self, p: usize, i: usize) -> Option<usize> {
        (p * self.stride + i * self.dilation).checked_sub(self.padding[0]).filter(|at| *at < self.size)
    }

    /// The shape formula of PyTorch's documentation.
    fn positions(&self, ceil: bool) -> Option<usize> {
        let padded = self.size + self.padding[0] + self.padding[1];
        let left = padded.checked_sub(self.dilation * (self.length - 1) + 1)?;
        let whole = left / self.stride + 1;
        // One more for what is left over, if it begins inside the axis or the padding before it.
        let more = ceil && left % self.stride > 0 && whole * self.stride < self.size + self.padding[0];
        Some(whole + usize::from(more))
    }
}

/// One or two axes on which the windows fit.
fn axes(dilations: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Axis>> {
    let axis = (1..8usize, 1..4usize, 1..4usize, dilations, [0..3usize, 0..3]);
    let axis =
        axis.prop_map(|(size, length, stride, dilation, padding)| Axis { size, length, stride, dilation, padding });
    prop::collection::vec(axis.prop_filter("the window fits", |axis| axis.positions(false).is_some()), 1..=2)
}

fn each(axes: &[Axis], read: impl Fn(&Axis) -> usize) -> PerAxis {
    axes.iter().map(read).collect::<Vec<_>>().into()
}

/// All indices into an array of these lengths, in row-major order.
fn indices(lengths: &[usize]) -> Vec<Vec<usize>> {
    lengths.iter().fold(vec![vec![]], |all, length| {
        all.iter().flat_map(|head| (0..*length).map(move |i| [head.as_slice(), &[i]].concat())).collect()
    })
}

fn numbers<F: Real>(shape: &[usize], seed: u64) -> ArrayD<F> {
    let mut state = seed;
    ArrayD::from_shape_simple_fn(IxDyn(shape), || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        F::of((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
    })
}

fn close(a: &ArrayD<f64>, b: &ArrayD<f64>) -> bool {
    a.shape() == b.shape() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-12 * (1.0 + a.abs()))
}

fn bits<F: Real>(a: &ArrayD<F>, b: &ArrayD<F>) -> bool {
    let same = |(a, b): (&F, &F)| a.double().to_bits() == b.double().to_bits();
    a.shape() == b.shape() && a.iter().zip(b).all(same)
}

/// A convolution: batch, groups, channels of x and of y in a group, and the axes.
#[derive(Clone, Debug)]
struct Convolution {
    batch: usize,
    groups: usize,
    channels: [usize; 2],
    axes: Vec<Axis>,
}

impl Convolution {
    fn options(&self) -> Conv {
        let of = |read: fn(&Axis) -> usize| each(&self.axes, read);
        let options = Conv::new().stride(of(|a| a.stride)).dilation(of(|a| a.dilation)).groups(self.groups);
        options.padding_sides(of(|a| a.padding[0]), of(|a| a.padding[1]))
    }

    /// The shapes of x, w and y.
    fn shapes(&self) -> [Vec<usize>; 3] {
        let of = |read: fn(&Axis) -> usize| self.axes.iter().map(read).collect::<Vec<_>>();
        let [own, others] = self.channels;
        [
            [vec![self.batch, self.groups * own], of(|a| a.size)].concat(),
            [vec![self.groups * others, own], of(|a| a.length)].concat(),
            [vec![self.batch, self.groups * others], of(|a| a.positions(false).unwrap())].concat(),
        ]
    }

    /// Calls `f` for each product w·x that is added to an element of y, with the indices of all three.
    fn terms(&self, mut f: impl FnMut(&[usize], &[usize], &[usize])) {
        let [_, w, y] = self.shapes();
        for y in indices(&y) {
            for w in indices(&w[1..]) {
                let x: Option<Vec<usize>> =
                    self.axes.iter().zip(y[2..].iter().zip(&w[1..])).map(|(a, (p, i))| a.at(*p, *i)).collect();
                if let Some(x) = x {
                    let channel = y[1] / self.channels[1] * self.channels[0] + w[0];
                    let w = [&[y[1]], w.as_slice()].concat();
                    f(&[&[y[0], channel], x.as_slice()].concat(), &w, &y);
                }
            }
        }
    }
}

fn convolutions() -> impl Strategy<Value = Convolution> {
    (1..3usize, 1..3usize, [1..3usize, 1..3], axes(1..3)).prop_map(|(batch, groups, channels, axes)| Convolution {
        batch,
        groups,
        channels,
        axes,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn convolution_is_the_sum_of_its_products(case in convolutions(), seed: u64) {
        let [xs, ws, ys] = case.shapes();
        let [x, w, z] = [(&xs, seed), (&ws, seed ^ 1), (&ys, seed ^ 2)].map(|(shape, seed)| numbers::<f64>(shape, seed));
        let [mut y, mut dx, mut dw] = [&ys, &xs, &ws].map(|shape| ArrayD::zeros(IxDyn(shape)));
        case.terms(|at_x, at_w, at_y| {
            y[at_y] += w[at_w] * x[at_x];
            dx[at_x] += w[at_w] * z[at_y];
            dw[at_w] += z[at_y] * x[at_x];
        });
        let tape = Tape::new();
        let (vx, vw) = (tape.input(&x), tape.input(&w));
        let convolved = vx.conv(vw, &case.options());
        prop_assert!(close(&convolved.value().unwrap(), &y));
        let gradients = convolved.backward_from(&z).unwrap();
        prop_assert!(close(&gradients.get(vx).unwrap().to_owned(), &dx));
        prop_assert!(close(&gradients.get(vw).unwrap().to_owned(), &dw));
        // The transposed convolution is the adjoint: the same sums, with bits of its own.
        let transposed = tape.input(&z).conv_transpose_to(vw, &case.options(), &xs[2..]);
        prop_assert!(bits(&transposed.value().unwrap(), &gradients.get(vx).unwrap().to_owned()));
        let inner = |a: &ArrayD<f64>, b: &ArrayD<f64>| (a * b).sum();
        let scale = 1.0 + inner(&y.mapv(f64::abs), &z.mapv(f64::abs));
        let there = inner(&convolved.value().unwrap(), &z);
        prop_assert!((there - inner(&x, &transposed.value().unwrap())).abs() <= 1e-12 * scale);
        prop_assert!((there - inner(&w, &gradients.get(vw).unwrap().to_owned())).abs() <= 1e-12 * scale);
    }

    #[test]
    fn the_transposed_convolution_is_as_small_as_can_be(case in convolutions()) {
        let [_, w, y] = case.shapes();
        let tape = Tape::<f64>::symbolic();
        let (x, w) = (tape.symbolic_input(y), tape.symbolic_input(w));
        let least = case.axes.iter().map(|a| {
            let span = (a.positions(false).unwrap() - 1) * a.stride + a.dilation * (a.length - 1) + 1;
            span.checked_sub(a.padding[0] + a.padding[1])
        });
        let result = x.conv_transpose(w, &case.options()).shape();
        let Some(least) = least.collect::<Option<Vec<usize>>>() else {
            prop_assert!(result.unwrap_err().message().starts_with("the padding is longer"));
            return Ok(());
        };
        prop_assert_eq!(&result.unwrap()[2..], &least);
        let to = |size: &[usize]| x.conv_transpose_to(w, &case.options(), size).shape().is_ok();
        let longer = |more: usize| -> Vec<usize> { least.iter().zip(&case.axes).map(|(l, a)| l + more.min(a.stride - 1)).collect() };
        for more in 0..3 {
            prop_assert!(to(&longer(more)));
        }
        let mut beyond = least.clone();
        beyond[0] += case.axes[0].stride;
        prop_assert!(!to(&beyond));
    }

    #[test]
    fn same_keeps_lengths(case in convolutions()) {
        let [x, w, _] = case.shapes();
        let tape = Tape::<f64>::symbolic();
        let y = tape.symbolic_input(&*x).conv(tape.symbolic_input(w), &case.options().same()).shape().unwrap();
        let expected = case.axes.iter().map(|a| a.size.div_ceil(a.stride)).collect::<Vec<_>>();
        prop_assert_eq!(&y[2..], &expected);
    }

    #[test]
    fn pooling_is_of_the_elements_of_each_window(
        axes in axes(1..3),
        lead in prop::collection::vec(1..3usize, 0..3),
        ceil: bool,
        include_padding: bool,
        seed: u64,
    ) {
        let sizes = axes.iter().map(|a| a.size).collect::<Vec<_>>();
        let positions: Vec<usize> = axes.iter().map(|a| a.positions(ceil).unwrap()).collect();
        let (xs, ys) = ([lead.clone(), sizes.clone()].concat(), [lead.clone(), positions].concat());
        let (x, z) = (numbers::<f64>(&xs, seed), numbers::<f64>(&ys, seed ^ 1));
        let of = |read: fn(&Axis) -> usize| each(&axes, read);
        let options = Pooling::new(of(|a| a.length)).stride(of(|a| a.stride)).dilation(of(|a| a.dilation)).ceil(ceil);
        let options = options.padding_sides(of(|a| a.padding[0]), of(|a| a.padding[1])).include_padding(include_padding);
        let tape = Tape::new();
        let v = tape.input(&x);
        let lengths = axes.iter().map(|a| a.length).collect::<Vec<_>>();
        let (mut largest, mut places) = (ArrayD::<f64>::zeros(IxDyn(&ys)), ArrayD::<usize>::zeros(IxDyn(&ys)));
        let (mut average, mut d_largest, mut d_average) = (largest.clone(), ArrayD::zeros(IxDyn(&xs)), ArrayD::zeros(IxDyn(&xs)));
        for y in indices(&ys) {
            let (head, tail) = y.split_at(lead.len());
            let at = |i: &Vec<usize>| axes.iter().zip(tail.iter().zip(i)).map(|(a, (p, i))| a.at(*p, *i)).collect::<Option<Vec<usize>>>();
            let elements: Vec<Vec<usize>> =
                indices(&lengths).iter().filter_map(at).map(|at| [head, at.as_slice()].concat()).collect();
            if elements.is_empty() {
                prop_assert!(v.max_pool(&options).error().unwrap().message().contains("no elements but padding"));
                return Ok(());
            }
            let padded = |(a, p): (&Axis, &usize)| {
                let end = a.size + a.padding[0] + a.padding[1];
                (0..a.length).filter(|i| p * a.stride + i * a.dilation < end).count()
            };
            let count = if include_padding { axes.iter().zip(tail).map(padded).product() } else { elements.len() };
            let best = elements.iter().fold(&elements[0], |best, at| if x[at.as_slice()] > x[best.as_slice()] { at } else { best });
            largest[y.as_slice()] = x[best.as_slice()];
            places[y.as_slice()] = best[lead.len()..].iter().zip(&sizes).fold(0, |flat, (i, size)| flat * size + i);
            d_largest[best.as_slice()] += z[y.as_slice()];
            for at in &elements {
                average[y.as_slice()] += x[at.as_slice()] / count as f64;
                d_average[at.as_slice()] += z[y.as_slice()] / count as f64;
            }
        }
        let (max, indices) = v.max_pool_with_indices(&options);
        prop_assert!(bits(&max.value().unwrap(), &largest));
        prop_assert_eq!(indices.value().unwrap(), places);
        prop_assert!(close(&max.backward_from(&z).unwrap().get(v).unwrap().to_owned(), &d_largest));
        let mean = v.average_pool(&options);
        prop_assert!(close(&mean.value().unwrap(), &average));
        prop_assert!(close(&mean.backward_from(&z).unwrap().get(v).unwrap().to_owned(), &d_average));
        // A plane at a time, or all in a batch with channels.
        if lead.len() == 2 && lengths.iter().all(|length| *length == lengths[0]) {
            let one = Pooling::new(lengths[0]).stride(of(|a| a.stride)).dilation(of(|a| a.dilation)).ceil(ceil);
            let one = one.padding_sides(of(|a| a.padding[0]), of(|a| a.padding[1]));
            prop_assert!(bits(&v.max_pool(&one).value().unwrap(), &largest));
        }
    }
}

/// The examples of PyTorch's documentation of `Conv2d`, `ConvTranspose2d`, `MaxPool2d` and `AvgPool1d`.
#[test]
fn documented_examples() {
    let tape = Tape::<f64>::symbolic();
    let of = |shape: [usize; 4]| tape.symbolic_input(shape);
    let conv = |w: [usize; 4], options: Conv| of([20, 16, 50, 100]).conv(of(w), &options).shape().unwrap().to_vec();
    assert_eq!(conv([33, 16, 3, 3], Conv::new().stride(2)), [20, 33, 24, 49]);
    let wide = Conv::new().stride([2, 1]).padding([4, 2]);
    assert_eq!(conv([33, 16, 3, 5], wide.clone()), [20, 33, 28, 100]);
    assert_eq!(conv([33, 16, 3, 5], wide.dilation([3, 1])), [20, 33, 26, 100]);
    let (h, w, options) = (of([1, 16, 6, 6]), of([16, 16, 3, 3]), Conv::new().stride(2).padding(1));
    assert_eq!(of([1, 16, 12, 12]).conv(w, &options).shape().unwrap(), [1, 16, 6, 6].into());
    assert_eq!(h.conv_transpose_to(w, &options, [12, 12]).shape().unwrap(), [1, 16, 12, 12].into());
    let pool = Pooling::new([3, 2]).stride([2, 1]);
    assert_eq!(of([20, 16, 50, 32]).max_pool(&pool).shape().unwrap(), [20, 16, 24, 31].into());
    let tape = Tape::<f64>::new();
    let x = tape.input(array![[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]]]);
    assert_eq!(x.average_pool(&Pooling::new(3).stride(2)).value().unwrap(), array![[[2.0, 4.0, 6.0]]].into_dyn());
}

#[test]
fn special_cases_are_other_operations() {
    let tape = Tape::<f64>::new();
    let x = tape.input(numbers(&[3, 4, 5, 6], 1));
    // A window of one element is a product over channels.
    let w = tape.input(numbers(&[7, 4], 2));
    let pointwise = x.conv(w.reshape([7, 4, 1, 1]), &Conv::new());
    let product = w.matmul(x.reshape([3, 4, 30])).reshape([3, 7, 5, 6]);
    assert!(close(&pointwise.value().unwrap(), &product.value().unwrap()));
    // As many groups as channels: each is convolved alone.
    let w = tape.input(numbers(&[4, 1, 2, 3], 3));
    let depthwise = x.conv(w, &Conv::new().groups(4));
    for c in 0..4 {
        let alone = x.slice(1, c..c + 1).conv(w.slice(0, c..c + 1), &Conv::new());
        assert!(bits(&depthwise.slice(1, c..c + 1).value().unwrap(), &alone.value().unwrap()));
    }
    // One window that is the whole plane.
    let mean = x.average_pool(&Pooling::new([5, 6])).reshape([3, 4]);
    assert!(close(&mean.value().unwrap(), &x.mean([2, 3]).value().unwrap()));
    assert_eq!(x.max_pool(&Pooling::new([5, 6])).reshape([3, 4]).value().unwrap(), x.max([2, 3]).value().unwrap());
    // One spatial axis is two of which one has length 1.
    let (line, w) = (tape.input(numbers(&[2, 3, 9], 4)), tape.input(numbers(&[5, 3, 4], 5)));
    let flat = line.conv(w, &Conv::new().stride(2).padding(1));
    let square = line.reshape([2, 3, 1, 9]).conv(w.reshape([5, 3, 1, 4]), &Conv::new().stride([1, 2]).padding([0, 1]));
    assert!(bits(&flat.value().unwrap(), &square.reshape(flat.shape().unwrap()).value().unwrap()));
}

/// A network of everything here: its value and its gradients.
fn network<'t, F: Real>(x: Var<'t, F>, [w, v, u, m]: [Var<'t, F>; 4]) -> Vec<Var<'t, F>> {
    let h = x.conv(w, &Conv::new().same()).relu().max_pool(&Pooling::new(2).ceil(true));
    let h = h.conv(v, &Conv::new().groups(2).stride(2).padding_sides(1, 2).dilation([1, 2])).tanh();
    let h = h.average_pool(&Pooling::new(2).stride(1).padding(1).include_padding(false));
    let h = h.conv_transpose(u, &Conv::new().stride([2, 1]).padding(1));
    let loss = (h.matmul(m).softmax(3) * h.mean_keep(3)).square().mean(..);
    let mut results = loss.gradient(&[x, w, v, u, m]).unwrap();
    // And the derivative of a derivative.
    let second = results[1].square().sum(..).gradient(&[x, v]).unwrap();
    results.extend(second);
    results.extend([loss, h]);
    results
}

fn evaluated_alike<F: Real>() {
    let tape = Tape::<F>::new();
    let shapes: [&[usize]; 5] = [&[4, 3, 9, 8], &[6, 3, 3, 2], &[4, 3, 2, 2], &[4, 2, 3, 3], &[2, 4, 5]];
    let arrays: Vec<ArrayD<F>> = shapes.iter().enumerate().map(|(i, shape)| numbers(shape, i as u64)).collect();
    let inputs: Vec<Var<'_, F>> = arrays.iter().map(|x| tape.input(x)).collect();
    let probe = inputs[0].conv(inputs[1], &Conv::new().same()).max_pool(&Pooling::new(2).ceil(true));
    assert_eq!(probe.shape().unwrap(), [4, 6, 5, 4].into());
    let results = network(inputs[0], [inputs[1], inputs[2], inputs[3], inputs[4]]);
    let program: Program<F> = tape.program(&results).unwrap();
    let given: Vec<Input<F>> = arrays.iter().map(Input::real).collect();
    let check = |found: Vec<ArrayD<F>>, how: &str| {
        for (i, (found, eager)) in found.iter().zip(&results).enumerate() {
            assert!(bits(found, &eager.value().unwrap()), "result {i} {how}");
        }
    };
    check(program.run(&given).unwrap(), "as a program");
    check(program.simplified().run(&given).unwrap(), "simplified");
    for threads in [1, 2, 4] {
        for planner in [program.planner().threads(threads), program.planner().threads(threads).in_small(3)] {
            let mut plan = planner.plan().unwrap();
            for _ in 0..2 {
                check(plan.run(&given).unwrap(), &format!("planned for {threads} threads"));
            }
        }
    }
}

#[test]
fn the_same_bits_however_evaluated() {
    evaluated_alike::<f64>();
    evaluated_alike::<f32>();
}

/// Ties, NaN and infinities, as the table of conventions has no rows of two axes.
#[test]
fn edges_of_pooling() {
    let tape = Tape::<f64>::new();
    let x = tape.input(array![[2.0, 2.0], [2.0, 1.0]]);
    let (y, at) = x.max_pool_with_indices(&Pooling::new([2, 2]));
    assert_eq!((y.value().unwrap()[[0, 0]], at.value().unwrap()[[0, 0]]), (2.0, 0));
    let gradient = y.sum(..).backward().unwrap().take(x).unwrap();
    assert_eq!(gradient, array![[1.0, 0.0], [0.0, 0.0]].into_dyn());
    let x = tape.input(array![[f64::NEG_INFINITY, f64::NEG_INFINITY], [f64::NAN, 1.0]]);
    let (y, at) = x.max_pool_with_indices(&Pooling::new([1, 2]));
    assert_eq!(y.value().unwrap()[[0, 0]], f64::NEG_INFINITY);
    assert!(y.value().unwrap()[[1, 0]].is_nan());
    assert_eq!(at.value().unwrap(), array![[0], [2]].into_dyn());
    // The padding of a maximum has no elements: no zero wins against negative numbers.
    let x = tape.input(array![[[-3.0, -1.0, -2.0]]]);
    let padded = x.max_pool(&Pooling::new(2).padding(1));
    assert_eq!(padded.value().unwrap(), array![[[-3.0, -1.0]]].into_dyn());
}

/// Arrays without elements go through, and back.
#[test]
fn empty_batches() {
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.input(ArrayD::zeros(vec![0, 2, 5])), tape.input(ArrayD::ones(vec![3, 2, 2])));
    let y = x.conv(w, &Conv::new()).max_pool(&Pooling::new(2));
    assert_eq!(y.shape().unwrap(), [0, 3, 2].into());
    let gradients = y.sum(..).backward().unwrap();
    assert_eq!(gradients.get(w).unwrap().to_owned(), ArrayD::<f64>::zeros(vec![3, 2, 2]));
    assert_eq!(gradients.get(x).unwrap().shape(), [0, 2, 5]);
}
