//! Compositions that rearrange: axes that come and go, elements by their positions, rolling, stacking.

use crate::base::axis::{Axes, Axis};
use crate::base::error::Mismatch;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::var::{Index, Var};
use crate::tape::{Arg, Tape};

/// # Axes that come and go, elements by position
impl<'t, F: Real> Var<'t, F> {
    /// Without `axes`, which are 1 long; `..` are all that are 1 long. NumPy's `squeeze`.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0], [2.0]]);
    /// assert_eq!(x.squeeze(-1).shape().unwrap(), [2].into());
    /// ```
    #[track_caller]
    pub fn squeeze(self, axes: impl Into<Axes>) -> Self {
        let Ok(shape) = self.shape() else { return self };
        let axes = axes.into();
        let is_one = |axis: &usize| shape.get(*axis) == Some(&1);
        let found = match axes.is_all() {
            true => Ok((0..shape.rank()).filter(is_one).collect()),
            false => axes.of("x", &shape),
        };
        match found.map(|axes| (axes.iter().find(|axis| !is_one(axis)).copied(), axes)) {
            Ok((None, axes)) => self.reshape(shape.reduced(&axes, false)),
            Ok((Some(axis), _)) => {
                self.refused("squeeze", Mismatch::new(format!("axis {axis} of x {shape} is not 1 long")))
            }
            Err(mismatch) => self.refused("squeeze", mismatch),
        }
    }

    /// With a new axis of length 1, which is `axis` of the result: `unsqueeze(0)` is a row, `unsqueeze(-1)` a column. NumPy's
    /// `expand_dims`.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// assert_eq!(x.unsqueeze(0).shape().unwrap(), [1, 2].into());
    /// assert_eq!(x.unsqueeze(-1).shape().unwrap(), [2, 1].into());
    /// ```
    #[doc(alias = "expand_dims")]
    #[track_caller]
    pub fn unsqueeze(self, axis: impl Into<Axis>) -> Self {
        let Ok(shape) = self.shape() else { return self };
        match new_axis(axis.into(), "x", &shape) {
            Ok(axis) => self.reshape(with_new_axis(&shape, axis)),
            Err(mismatch) => self.refused("unsqueeze", mismatch),
        }
    }

    /// With `axes`, which follow one another, made one: `flatten(..)` is a vector, `flatten(1..)` the rows \[n, …\] as vectors
    /// \[n, k\]. Where there are none of these axes, the new one is 1 long.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[[1.0, 2.0], [3.0, 4.0]]]);
    /// assert_eq!(x.flatten(..).shape().unwrap(), [4].into());
    /// assert_eq!(x.flatten(1..).shape().unwrap(), [1, 4].into());
    /// ```
    #[doc(alias = "ravel")]
    #[track_caller]
    pub fn flatten(self, axes: impl Into<Axes>) -> Self {
        let Ok(shape) = self.shape() else { return self };
        match axes.into().range("x", &shape) {
            Ok(axes) => {
                let (before, behind) = (shape.iter().take(axes.start), shape.iter().skip(axes.end));
                let length = shape.iter().take(axes.end).skip(axes.start).collect::<Vec<_>>();
                let length = Shape::from_iter(length.into_iter().copied()).size();
                self.reshape(before.chain([&length]).chain(behind).copied().collect::<Shape>())
            }
            Err(mismatch) => self.refused("flatten", mismatch),
        }
    }

    /// x\[i, j, …\]: what stands at a position, of as many axes as the position has, from the first on: an element of a matrix
    /// at \[i, j\], a row at \[i\].
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.at([1, 0]).item().unwrap(), 3.0);
    /// ```
    #[doc(alias = "index")]
    #[track_caller]
    pub fn at(self, position: impl AsRef<[usize]>) -> Self {
        self.placed("at", position.as_ref().iter().copied().enumerate())
    }

    /// x\[i, …\]: row i of a matrix, without its first axis.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.row(1).value().unwrap(), ndarray::array![3.0, 4.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn row(self, i: usize) -> Self {
        self.placed("row", [(0, i)])
    }

    /// x\[…, j\]: column j of a matrix, without its last axis.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(x.column(1).value().unwrap(), ndarray::array![2.0, 4.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn column(self, j: usize) -> Self {
        let last = self.shape().map_or(0, |shape| shape.rank().saturating_sub(1));
        self.placed("column", [(last, j)])
    }

    /// What stands at these positions of axes, without the axes.
    #[track_caller]
    fn placed(self, operation: &str, positions: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let Ok(shape) = self.shape() else { return self };
        let (mut x, mut axes) = (self, Vec::new());
        for (axis, i) in positions {
            let message = match shape.get(axis) {
                Some(length) if i < *length => {
                    x = x.slice(axis, i..=i);
                    axes.push(axis);
                    continue;
                }
                Some(length) => format!("there is no position {i} in axis {axis} of x {shape}, which is {length} long"),
                None if axis == 0 => "x is a number and has no axes".to_owned(),
                None => format!("the position has {} axes, and x {shape} has {}", axis + 1, shape.rank()),
            };
            return self.refused(operation, Mismatch::new(message));
        }
        x.reshape(shape.reduced(&axes, false))
    }

    /// The elements moved by `shift` positions along `axis`, and around its end: y at (i + shift) mod n is xᵢ. NumPy's `roll`.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0, 3.0, 4.0]);
    /// assert_eq!(x.roll(0, 1).value().unwrap(), ndarray::array![4.0, 1.0, 2.0, 3.0].into_dyn());
    /// assert_eq!(x.roll(0, -1).value().unwrap(), ndarray::array![2.0, 3.0, 4.0, 1.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn roll(self, axis: impl Into<Axis>, shift: isize) -> Self {
        let Ok(shape) = self.shape() else { return self };
        let axis = match axis.into().of("x", &shape) {
            Ok(axis) => axis,
            Err(mismatch) => return self.refused("roll", mismatch),
        };
        let length = shape.get(axis).copied().unwrap_or(0);
        // What comes first afterwards, counted in a type that holds every length and every shift.
        match (-(shift as i128)).checked_rem_euclid(length as i128).and_then(|first| usize::try_from(first).ok()) {
            None | Some(0) => self,
            Some(first) => self.tape().concat(&[self.slice(axis, first..), self.slice(axis, ..first)], axis),
        }
    }

    /// The products of each element with each of `other`, yᵢⱼ = aᵢ·bⱼ for vectors; shapes \[…\] and \[…\]′ give \[…, …′\].
    /// NumPy's `multiply.outer`.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (a, b) = (tape.input([1.0, 2.0]), tape.input([3.0, 4.0]));
    /// assert_eq!(a.outer(b).value().unwrap(), ndarray::array![[3.0, 4.0], [6.0, 8.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn outer(self, other: Self) -> Self {
        let (Ok(a), Ok(b)) = (self.shape(), other.shape()) else { return self * other };
        let ones = std::iter::repeat_n(1, b.rank());
        self.reshape(a.iter().copied().chain(ones).collect::<Shape>()) * other
    }

    #[track_caller]
    fn refused(self, operation: &str, mismatch: Mismatch) -> Self {
        self.tape().refuse(operation, &[self.into()], mismatch)
    }
}

impl<F: Real> Tape<F> {
    /// Arrays of one shape side by side along a new axis, which is `axis` of the result.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (x, y) = (tape.input([1.0, 2.0]), tape.input([3.0, 4.0]));
    /// assert_eq!(tape.stack(&[x, y], 0).value().unwrap(), ndarray::array![[1.0, 2.0], [3.0, 4.0]].into_dyn());
    /// assert_eq!(tape.stack(&[x, y], -1).value().unwrap(), ndarray::array![[1.0, 3.0], [2.0, 4.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn stack<'t>(&'t self, parts: &[Var<'t, F>], axis: impl Into<Axis>) -> Var<'t, F> {
        let args: Vec<Arg<'t, F>> = parts.iter().map(|x| (*x).into()).collect();
        let axis = match self.stack_axis(&args, axis.into()) {
            Ok(axis) => axis,
            Err(error) => return error,
        };
        let mut raised = parts.to_vec();
        for x in &mut raised {
            // An error stays one, and joining passes it on.
            if let Ok(shape) = x.shape() {
                *x = x.reshape(with_new_axis(&shape, axis));
            }
        }
        self.concat(&raised, axis)
    }

    /// As [`stack`](Self::stack), for arrays of indices.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (i, j) = (tape.index(ndarray::array![1, 2]), tape.index(ndarray::array![3, 0]));
    /// assert_eq!(tape.stack_indices(&[i, j], 0).value()?, ndarray::array![[1, 2], [3, 0]].into_dyn());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn stack_indices<'t>(&'t self, parts: &[Index<'t, F>], axis: impl Into<Axis>) -> Index<'t, F> {
        let args: Vec<Arg<'t, F>> = parts.iter().map(|i| (*i).into()).collect();
        let axis = match self.stack_axis(&args, axis.into()) {
            Ok(axis) => axis,
            Err(error) => return Arg::from(error).as_index(),
        };
        // A loop, because what a closure records would be attributed to this file.
        let mut raised = parts.to_vec();
        for i in &mut raised {
            if let Ok(shape) = i.shape() {
                *i = i.reshape(with_new_axis(&shape, axis));
            }
        }
        self.concat_indices(&raised, axis)
    }

    /// Where the new axis of a stack of these arrays goes, or the error. Arrays of another tape are left to joining.
    #[track_caller]
    fn stack_axis<'t>(&'t self, parts: &[Arg<'t, F>], axis: Axis) -> Result<usize, Var<'t, F>> {
        let own = parts.iter().filter(|x| std::ptr::eq(x.parts().0, self));
        let shapes: Vec<Shape> = own.filter_map(|x| x.shape().ok()).collect();
        let first = shapes.first().cloned().unwrap_or_default();
        let other = shapes.iter().find(|shape| **shape != first);
        let mismatch = match (other, new_axis(axis, "x₀", &first)) {
            _ if parts.is_empty() => Mismatch::new("takes one or more arrays, got 0"),
            (Some(other), _) => Mismatch::new(format!(
                "arrays of the shapes {first} and {other} do not stack; they should have one shape"
            )),
            (None, Err(mismatch)) => mismatch,
            (None, Ok(axis)) => return Ok(axis),
        };
        Err(self.refuse("stack", parts, mismatch))
    }
}

/// Where a new axis goes, counted from the first of the result.
fn new_axis(axis: Axis, name: &str, shape: &Shape) -> Result<usize, Mismatch> {
    axis.within(shape.rank() + 1).ok_or_else(|| {
        let (rank, axis) = (shape.rank(), axis.words());
        Mismatch::new(format!(
            "there is no place {axis} for a new axis of {name} {shape}; places run from 0 to {rank}, or from −{} to −1",
            rank + 1
        ))
    })
}

fn with_new_axis(shape: &Shape, axis: usize) -> Shape {
    shape.iter().take(axis).copied().chain([1]).chain(shape.iter().skip(axis).copied()).collect()
}
