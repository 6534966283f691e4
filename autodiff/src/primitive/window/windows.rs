//! The windows of a primitive: its attributes, and samples of them.

use crate::base::attributes::Attributes;
use crate::base::error::{Error, ErrorKind, Mismatch, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::{self, Window};
use crate::primitive::{Generator, Kernel};
use smallvec::SmallVec;

/// A window for each axis, from the numbers of all axes: strides, dilations, paddings before and after.
pub(super) fn windows([stride, dilation, before, after]: [&[usize]; 4]) -> SmallVec<[Window; 2]> {
    let padding = before.iter().zip(after);
    let all = stride.iter().zip(dilation).zip(padding);
    all.map(|((stride, dilation), (before, after))| Window {
        stride: *stride,
        dilation: *dilation,
        padding: (*before, *after),
    })
    .collect()
}

fn with_windows(attributes: Attributes, windows: &[Window]) -> Attributes {
    let list = |read: fn(&Window) -> usize| windows.iter().map(read).collect::<Vec<_>>();
    attributes
        .with_list("stride", &list(|window| window.stride))
        .with_list("dilation", &list(|window| window.dilation))
        .with_list("before", &list(|window| window.padding.0))
        .with_list("after", &list(|window| window.padding.1))
}

fn parse_windows(attributes: &Attributes) -> Result<SmallVec<[Window; 2]>> {
    let list = |name| attributes.list(name);
    let lists = [list("stride")?, list("dilation")?, list("before")?, list("after")?];
    if lists.iter().zip(lists.iter().skip(1)).any(|(a, b)| a.len() != b.len()) {
        let message = format!("there should be one window for each spatial axis; got ({attributes})");
        return Err(Error::new(ErrorKind::Registry, "attributes", message));
    }
    Ok(windows(lists))
}

/// What a convolution and its adjoints are made with: a window for each spatial axis, and the number of groups.
#[derive(Clone, Debug)]
pub(in crate::primitive) struct Windows {
    pub(super) windows: SmallVec<[Window; 2]>,
    pub(super) groups: usize,
}

impl Windows {
    /// Two spatial axes, stride 1.
    pub(super) fn example() -> Self {
        Windows { windows: SmallVec::from_elem(Window::default(), 2), groups: 1 }
    }

    /// No spatial axes, for operands that do not say how many there are.
    pub(super) fn unknown() -> Self {
        Windows { windows: SmallVec::new(), groups: 1 }
    }

    pub(super) fn attributes(&self) -> Attributes {
        with_windows(Attributes::new(), &self.windows).with("groups", self.groups.into())
    }

    pub(super) fn parse(attributes: &Attributes) -> Result<Self> {
        Ok(Windows { windows: parse_windows(attributes)?, groups: attributes.length("groups")? })
    }

    /// The kernel of the convolution of `x` with `w`, or of an adjoint of it: all work in the same room.
    pub(super) fn kernel<F: Real>(&self, x: Option<&Shape>, w: Option<&Shape>) -> Kernel<F> {
        let room = || {
            let (x, w) = (x?, w?);
            let y = kernels::conv_shape(x, w, &self.windows, self.groups).ok()?;
            // Where an array is too large the shape rule says so; its elements cannot be counted.
            let counted = [x, w, &y].iter().all(|shape| shape.is_addressable::<F>());
            counted.then(|| kernels::conv_workspace(x, w, &self.windows, self.groups).ok()).flatten()
        };
        Kernel::with_workspace(room().unwrap_or(0))
    }

    /// The same for the convolution and its adjoint as a map of x, whose images can be shared out.
    pub(super) fn kernel_of_images<F: Real>(&self, x: Option<&Shape>, w: Option<&Shape>) -> Kernel<F> {
        let kernel = self.kernel(x, w);
        let work = || {
            let (x, w) = (x?, w?);
            let y = kernels::conv_shape(x, w, &self.windows, self.groups).ok()?;
            // Each element of y is a sum over the channels and the window.
            Some(y.size().saturating_mul(w.iter().skip(1).fold(1, |size: usize, d| size.saturating_mul(*d))))
        };
        kernel.divided(&[true, false], work().unwrap_or(0))
    }

    /// The windows with the padding that keeps the lengths of the spatial axes where the stride is 1, for weights of the
    /// shape `w`: half of it before the axis, and what is left after it.
    pub(super) fn same(&self, w: &Shape) -> SmallVec<[Window; 2]> {
        let padded = |(window, length): (&Window, &usize)| {
            let total = length.saturating_sub(1).saturating_mul(window.dilation);
            Window { padding: (total / 2, total - total / 2), ..*window }
        };
        self.windows.iter().zip(w.iter().skip(2)).map(padded).collect()
    }

    /// The least spatial lengths that the convolution with weights of the shape `w` takes to those of `x`.
    pub(super) fn smallest(&self, x: &Shape, w: &Shape) -> Result<SmallVec<[usize; 2]>, Mismatch> {
        let length = |(window, (positions, length)): (&Window, (&usize, &usize))| {
            let steps = positions.checked_sub(1)?.checked_mul(window.stride)?;
            let span = length.checked_sub(1)?.checked_mul(window.dilation)?;
            let padding = window.padding.0.checked_add(window.padding.1)?;
            steps.checked_add(span)?.checked_add(1)?.checked_sub(padding)
        };
        let lengths: Option<_> = self.windows.iter().zip(x.iter().skip(2).zip(w.iter().skip(2))).map(length).collect();
        lengths.ok_or_else(|| {
            Mismatch::new(format!("the padding is longer than the transposed convolution of x {x} with w {w}"))
                .with_help("padding takes elements away from the result; with less of it some are left")
        })
    }

    /// Windows and the shapes x, w and y of a convolution they fit, small and of all kinds.
    pub(super) fn sample(generator: &mut Generator) -> (Self, [Shape; 3]) {
        loop {
            let axes = generator.integer(1, 2);
            let groups = generator.integer(1, 2);
            let mut window = || Window {
                stride: generator.integer(1, 2),
                dilation: generator.integer(1, 2),
                padding: (generator.integer(0, 2), generator.integer(0, 1)),
            };
            let windows = Windows { windows: (0..axes).map(|_| window()).collect(), groups };
            let (of_x, of_y) = (generator.integer(1, 2), generator.integer(1, 2));
            let mut lengths =
                |high| -> SmallVec<[usize; 2]> { (0..axes).map(|_| generator.integer(1, high)).collect() };
            let (size, length) = (lengths(4), lengths(3));
            let shape = |first: usize, second: usize, rest: &[usize]| -> Shape {
                [first, second].into_iter().chain(rest.iter().copied()).collect()
            };
            let (x, w) = (shape(generator.integer(1, 2), groups * of_x, &size), shape(groups * of_y, of_x, &length));
            if let Ok(y) = kernels::conv_shape(&x, &w, &windows.windows, groups) {
                return (windows, [x, w, y]);
            }
        }
    }
}

/// What a pooling and its adjoint are made with.
#[derive(Clone, Debug)]
pub(in crate::primitive) struct Pool {
    pub(super) lengths: SmallVec<[usize; 2]>,
    pub(super) windows: SmallVec<[Window; 2]>,
    pub(super) ceil: bool,
}

impl Pool {
    /// Squares of four elements side by side.
    pub(super) fn example() -> Self {
        let window = Window { stride: 2, ..Window::default() };
        Pool { lengths: SmallVec::from_elem(2, 2), windows: SmallVec::from_elem(window, 2), ceil: false }
    }

    /// No spatial axes, for an operand that does not say how many there are.
    pub(super) fn unknown() -> Self {
        Pool { lengths: SmallVec::new(), windows: SmallVec::new(), ceil: false }
    }

    pub(super) fn attributes(&self) -> Attributes {
        let attributes = Attributes::new().with_list("length", &self.lengths);
        with_windows(attributes, &self.windows).with_flag("ceil", self.ceil)
    }

    pub(super) fn parse(attributes: &Attributes) -> Result<Self> {
        let lengths = SmallVec::from_slice(attributes.list("length")?);
        Ok(Pool { lengths, windows: parse_windows(attributes)?, ceil: attributes.flag("ceil")? })
    }

    pub(super) fn kernel(&self) -> kernels::Pool<'_> {
        kernels::Pool { lengths: &self.lengths, windows: &self.windows, ceil: self.ceil }
    }

    /// A pooling, and the shapes of an operand it fits and of the result.
    pub(super) fn sample(generator: &mut Generator) -> (Self, Shape, Shape) {
        loop {
            let axes = generator.integer(1, 2);
            let mut window = || Window {
                stride: generator.integer(1, 2),
                dilation: generator.integer(1, 2),
                padding: (generator.integer(0, 1), generator.integer(0, 1)),
            };
            let windows: SmallVec<[Window; 2]> = (0..axes).map(|_| window()).collect();
            let lengths = (0..axes).map(|_| generator.integer(1, 3)).collect();
            let pool = Pool { lengths, windows, ceil: generator.flip() };
            let x: Shape = (0..axes + generator.integer(0, 2)).map(|_| generator.integer(1, 4)).collect();
            if let Ok(y) = pool.kernel().shape(&x) {
                return (pool, x, y);
            }
        }
    }
}
