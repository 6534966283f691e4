//! Derivatives of functions: closures over [`Var`]s, without a tape in sight.

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::differentiate::pullback::Unreached;
use crate::tape::Tape;
use crate::tape::value::{IntoArray, zeros};
use crate::tape::var::Var;
use ndarray::{Array2, ArrayD};

/// The gradient of a number-valued function at `x`: zeros where the function does not depend on `x`.
///
/// ```
/// let g = autodiff::grad(|x| (x * x).sum(..), [1.0, 2.0]).unwrap();
/// assert_eq!(g, ndarray::array![2.0, 4.0].into_dyn());
/// ```
///
/// The function is recorded on a tape of its own. Other arrays are brought to it as `x.tape().constant(…)`; of a var of
/// another tape the compiler says that it "does not live long enough" or "is borrowed for `'static`".
///
/// # Errors
/// Whatever [`Var::backward`] answers; [`ErrorKind::NotDifferentiable`] if a path leads through an operation without a
/// derivative.
#[track_caller]
pub fn grad<F: Real>(f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>, x: impl IntoArray<F>) -> Result<ArrayD<F>> {
    Ok(value_and_grad(f, x)?.1)
}

/// The value and the gradient of a number-valued function at `x`.
///
/// ```
/// let (y, g) = autodiff::value_and_grad(|x| x.powi(3), 2.0).unwrap();
/// assert_eq!((y, g.first()), (8.0, Some(&12.0)));
/// ```
///
/// # Errors
/// As [`grad`].
#[track_caller]
pub fn value_and_grad<F: Real>(
    f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>,
    x: impl IntoArray<F>,
) -> Result<(F, ArrayD<F>)> {
    let tape = Tape::new();
    let x = tape.input(x).named("x");
    let y = f(x);
    let gradient = y.backward()?.take_or_zeros(x)?;
    Ok((y.item()?, gradient))
}

/// The differential of a function at `x` along `direction`: the value and dF(ξ), by forward mode.
///
/// ```
/// let (y, dy) = autodiff::jvp(|x| x * x, [1.0, 3.0], [1.0, 10.0]).unwrap();
/// assert_eq!(dy, ndarray::array![2.0, 60.0].into_dyn());
/// # let _ = y;
/// ```
///
/// # Errors
/// Whatever [`Var::pushforward`] answers.
#[track_caller]
pub fn jvp<F: Real>(
    f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>,
    x: impl IntoArray<F>,
    direction: impl IntoArray<F>,
) -> Result<(ArrayD<F>, ArrayD<F>)> {
    let tape = Tape::new();
    let (x, dx) = (tape.input(x).named("x"), tape.data(direction).named("ẋ"));
    let y = f(x);
    Ok((y.value()?, y.pushforward(&[(x, dx)])?.value()?))
}

/// The Jacobian matrix of a function at `x`: row i holds the derivatives of element i of the (flattened) result with
/// respect to the (flattened) elements of `x`. By reverse mode row by row, or forward mode column by column, whichever
/// is less work.
///
/// ```
/// let j = autodiff::jacobian(|x| x * x, [1.0, 2.0]).unwrap();
/// assert_eq!(j, ndarray::array![[2.0, 0.0], [0.0, 4.0]]);
/// ```
///
/// Source: Anderson Chau, lecture notes on vectorised backpropagation, §6.
///
/// # Errors
/// As [`grad`] and [`jvp`].
#[track_caller]
pub fn jacobian<F: Real>(f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>, x: impl IntoArray<F>) -> Result<Array2<F>> {
    let tape = Tape::new();
    let x = tape.input(x).named("x");
    let y = f(x);
    let (rows, columns) = (y.shape()?.size(), x.shape()?.size());
    let mut jacobian = matrix("jacobian", rows, columns)?;
    if rows <= columns {
        for (i, mut row) in jacobian.rows_mut().into_iter().enumerate() {
            let gradient = y.backward_from(basis(y, i)?)?.take_or_zeros(x)?;
            row.iter_mut().zip(&gradient).for_each(|(to, from)| *to = *from);
        }
    } else {
        for (j, mut column) in jacobian.columns_mut().into_iter().enumerate() {
            let tangent = y.pushforward(&[(x, tape.data(basis(x, j)?))])?.value()?;
            column.iter_mut().zip(&tangent).for_each(|(to, from)| *to = *from);
        }
    }
    Ok(jacobian)
}

/// The Hessian matrix of a number-valued function at `x`: the Jacobian of its gradient.
///
/// ```
/// let h = autodiff::hessian(|x| x.powi(3).sum(..), [1.0, 2.0]).unwrap();
/// assert_eq!(h, ndarray::array![[6.0, 0.0], [0.0, 12.0]]);
/// ```
///
/// # Errors
/// As [`grad`].
#[track_caller]
pub fn hessian<F: Real>(f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>, x: impl IntoArray<F>) -> Result<Array2<F>> {
    let tape = Tape::new();
    let x = tape.input(x).named("x");
    let gradient = first(f(x).gradient_or(&[x], Unreached::Zero)?)?;
    let size = x.shape()?.size();
    let mut hessian = matrix("hessian", size, size)?;
    for (j, mut column) in hessian.columns_mut().into_iter().enumerate() {
        let tangent = gradient.pushforward(&[(x, tape.data(basis(x, j)?))])?.value()?;
        column.iter_mut().zip(&tangent).for_each(|(to, from)| *to = *from);
    }
    Ok(hessian)
}

/// The Hessian of a number-valued function at `x` times a vector, without the matrix: forward over reverse.
///
/// ```
/// let hv = autodiff::hvp(|x| x.powi(3).sum(..), [1.0, 2.0], [1.0, 1.0]).unwrap();
/// assert_eq!(hv, ndarray::array![6.0, 12.0].into_dyn());
/// ```
///
/// # Errors
/// As [`grad`]; [`ErrorKind::Mismatch`] if the vector has another shape than `x`.
#[track_caller]
pub fn hvp<F: Real>(
    f: impl for<'t> Fn(Var<'t, F>) -> Var<'t, F>,
    x: impl IntoArray<F>,
    vector: impl IntoArray<F>,
) -> Result<ArrayD<F>> {
    let tape = Tape::new();
    let (x, v) = (tape.input(x).named("x"), tape.data(vector).named("v"));
    let gradient = first(f(x).gradient_or(&[x], Unreached::Zero)?)?;
    gradient.pushforward(&[(x, v)])?.value()
}

/// A matrix of zeros, or an error where there is no memory for it.
fn matrix<F: Real>(operation: &str, rows: usize, columns: usize) -> Result<Array2<F>> {
    let refused = |message: String| {
        let error = Error::new(ErrorKind::Refused, operation, message);
        error.with_help("products with a vector need no matrix: `jvp`, `hvp`, `Var::backward_from`")
    };
    let shape = Shape::from([rows, columns]);
    shape.check::<F>("the matrix").map_err(|mismatch| refused(mismatch.message))?;
    let zeros = zeros(&shape, F::zero()).map_err(|refusal| refused(refusal.message))?;
    Array2::from_shape_vec((rows, columns), zeros).map_err(|error| refused(error.to_string()))
}

/// The array shaped like `x` that is 1 at flat position `i` and 0 elsewhere.
fn basis<F: Real>(x: Var<'_, F>, i: usize) -> Result<ArrayD<F>> {
    let shape = x.shape()?;
    let mut basis = ArrayD::zeros(shape.to_vec());
    basis.iter_mut().skip(i).take(1).for_each(|e| *e = F::one());
    Ok(basis)
}

fn first<T>(list: Vec<T>) -> Result<T> {
    let missing = || Error::new(ErrorKind::FaultyRule, "gradient", "fewer gradients than were asked for");
    list.into_iter().next().ok_or_else(missing)
}
