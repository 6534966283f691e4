//! Kernels take no memory: a counting allocator watches `evaluate` of every primitive, on operands that lie in a row, in
//! the other order, or all in one number. Who evaluates a step a million times allocates nothing for it.

use crate::requests;
use autodiff::check::operands;
use autodiff::kernels::{Operand, View, ViewMut};
use autodiff::primitive::{Call, Domain, Generator, Kernel, Kind, Output, PrimitiveRef, Type};
use autodiff::{Attributes, Input, Real, Registry, Shape};

/// The ways an operand may lie in memory.
#[derive(Clone, Copy, Debug)]
enum Lie {
    Row,
    /// The first axis innermost, with gaps.
    Turned,
    /// One number, repeated.
    Splat,
}

/// The allocations of one evaluation of `primitive`.
fn allocations<F: Real>(primitive: &PrimitiveRef<F>, inputs: &[Input<F>], lie: Lie) -> usize {
    let shapes: Vec<Shape> = inputs
        .iter()
        .map(|input| match input {
            Input::Real(x) => x.shape().into(),
            Input::Index(i) => i.shape().into(),
            Input::Key(_) => Shape::scalar(),
        })
        .collect();
    let turned = |shape: &Shape| -> Vec<usize> {
        shape.iter().scan(2, |step, length| Some(std::mem::replace(step, *step * length.max(&1)))).collect()
    };
    let strides: Vec<Vec<usize>> = shapes.iter().map(turned).collect();
    let buffers: Vec<Vec<F>> = inputs
        .iter()
        .map(|input| match input {
            // Twice, for the gaps.
            Input::Real(x) => x.iter().chain(x).copied().collect(),
            _ => Vec::new(),
        })
        .collect();
    let lists: Vec<Vec<usize>> = inputs
        .iter()
        .map(|input| match input {
            Input::Index(i) => i.iter().copied().collect(),
            _ => Vec::new(),
        })
        .collect();
    let operands: Vec<Operand<'_, F>> = (0..inputs.len())
        .map(|i| match (&inputs[i], lie) {
            (Input::Key(key), _) => Operand::Key(*key),
            (Input::Index(_), _) => Operand::Index(View::contiguous(&lists[i], &shapes[i]).unwrap()),
            (_, Lie::Row) => Operand::Real(View::contiguous(&buffers[i][..shapes[i].size()], &shapes[i]).unwrap()),
            (_, Lie::Turned) => Operand::Real(View::strided(&buffers[i], &shapes[i], &strides[i]).unwrap()),
            (_, Lie::Splat) => Operand::Real(View::splat(&buffers[i][0], &shapes[i])),
        })
        .collect();
    let types: Vec<Type> =
        inputs.iter().zip(&shapes).map(|(input, shape)| Type { kind: input.kind(), shape: shape.clone() }).collect();
    let results = primitive.results(&types).unwrap();
    let mut reals: Vec<Vec<F>> = results.iter().map(|y| vec![F::zero(); y.shape.size()]).collect();
    let mut indices: Vec<Vec<usize>> = results.iter().map(|y| vec![0; y.shape.size()]).collect();
    let mut keys = vec![0; results.len()];
    let memory = reals.iter_mut().zip(&mut indices).zip(&mut keys).zip(&results);
    let mut outputs: Vec<Output<'_, F>> = memory
        .map(|(((reals, indices), key), y)| match y.kind {
            Kind::Real => Output::Real(ViewMut::new(reals, &y.shape).unwrap()),
            Kind::Index => Output::Index(ViewMut::new(indices, &y.shape).unwrap()),
            Kind::Key => Output::Key(key),
        })
        .collect();
    // A plan gives a kernel its workspace, evaluates programs by their parts, and has nothing to compute for a view.
    let kernel = primitive.kernel(&shapes.iter().collect::<Vec<_>>());
    let mut workspace = match &kernel {
        Kernel::General(general) => vec![F::zero(); general.workspace()],
        Kernel::Program | Kernel::Scan(_) | Kernel::View => return 0,
        _ => Vec::new(),
    };
    requests(|| match &kernel {
        Kernel::General(_) => primitive.evaluate(&mut Call::new(&operands, &mut outputs, &mut workspace)).unwrap(),
        kernel => primitive.run_with(kernel, &operands, &mut outputs).unwrap(),
    })
}

fn every_way<F: Real>(primitive: &PrimitiveRef<F>, inputs: &[Input<F>]) {
    for lie in [Lie::Row, Lie::Turned, Lie::Splat] {
        let count = allocations(primitive, inputs, lie);
        let (name, attributes) = (primitive.name(), primitive.attributes());
        assert_eq!(
            count, 0,
            "{name}({attributes}) allocates {count} times on {inputs:?}, {lie:?}. A kernel asks for memory by \
             `Kernel::with_workspace`, and makes no `Shape` of one axis or more, which is shared memory"
        );
    }
}

fn samples<F: Real>() {
    let mut generator = Generator::new(3);
    for entry in Registry::<F>::standard().entries() {
        for _ in 0..32 {
            let sample = entry.sample(&mut generator).unwrap();
            let inputs = operands(&sample, &mut generator, Domain::single);
            every_way(&sample.primitive, &inputs);
        }
    }
}

/// Arrays larger than any block a kernel keeps on its stack, along each axis.
fn large<F: Real>() {
    let make = |name: &str, attributes| Registry::<F>::standard().make(name, &attributes, &[]).unwrap();
    let shapes: [&[usize]; 5] = [&[3000], &[2, 2500], &[2500, 2], &[70, 90], &[5, 3, 4, 50]];
    let axis = |axis: usize| Attributes::new().with("axis", axis.into());
    for shape in shapes {
        let x = Input::Real(ndarray::ArrayD::from_shape_fn(shape, |i| F::of(i[0] as f64).sin()));
        for one in 0..shape.len() {
            let axes = |axes: &[usize]| Attributes::new().with_list("axes", axes).with_flag("keep", false);
            for name in ["sum", "max", "log_sum_exp"] {
                every_way(&make(name, axes(&[one])), std::slice::from_ref(&x));
                every_way(&make(name, axes(&(0..=one).collect::<Vec<_>>())), std::slice::from_ref(&x));
            }
            for name in ["softmax", "log_softmax", "argmax", "argmin"] {
                every_way(&make(name, axis(one)), std::slice::from_ref(&x));
            }
            let around = axis(one).with("before", 1usize.into()).with("after", 2usize.into());
            every_way(&make("pad", around), std::slice::from_ref(&x));
            let range = axis(one).with("start", 1usize.into()).with("stop", 2usize.into());
            every_way(&make("slice", range), std::slice::from_ref(&x));
            let stepped =
                axis(one).with("start", 0usize.into()).with("stop", 2usize.into()).with("step", 2usize.into());
            every_way(&make("slice_step", stepped), std::slice::from_ref(&x));
            let spread = axis(one).with("start", 1usize.into()).with("step", 2usize.into());
            every_way(&make("unslice", spread.with("length", 6001usize.into())), std::slice::from_ref(&x));
            every_way(&make("flip", Attributes::new().with_list("axes", &[one])), std::slice::from_ref(&x));
            every_way(&make("cumsum", axis(one).with_flag("reversed", one == 0)), std::slice::from_ref(&x));
            every_way(&make("concat", axis(one)), &[x.clone(), x.clone()]);
        }
        if shape.len() == 4 {
            let windows = Attributes::new().with_list("length", &[2, 2]).with_list("stride", &[1, 2]);
            let windows =
                windows.with_list("dilation", &[1, 2]).with_list("before", &[0, 1]).with_list("after", &[0, 1]);
            let pooling = windows.clone().with_flag("ceil", true).with_flag("include_padding", true);
            every_way(&make("max_pool", pooling.clone()), std::slice::from_ref(&x));
            every_way(&make("average_pool", pooling), std::slice::from_ref(&x));
            let w = Input::Real(ndarray::ArrayD::from_elem(vec![2, shape[1], 3, 3], F::of(0.5)));
            every_way(&make("conv", windows.with("groups", 1usize.into())), &[x.clone(), w]);
        }
        every_way(&make("sort", Attributes::new()), std::slice::from_ref(&x));
        every_way(&make("top_k", Attributes::new().with("k", 2usize.into())), std::slice::from_ref(&x));
        let backwards: Vec<usize> = (0..shape.len()).rev().collect();
        every_way(&make("transpose", Attributes::new().with_list("axes", &backwards)), std::slice::from_ref(&x));
    }
}

#[test]
fn evaluating_a_primitive_allocates_nothing() {
    samples::<f32>();
    samples::<f64>();
}

#[test]
fn nor_does_evaluating_it_on_large_arrays() {
    large::<f32>();
    large::<f64>();
}
