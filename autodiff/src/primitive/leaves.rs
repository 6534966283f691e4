//! Constants that need no array: zeros, ones, counting, the unit matrix.

use crate::base::error::Mismatch;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::Tape;
use crate::tape::var::Var;

/// # Constants
impl<F: Real> Tape<F> {
    /// Zeros of a shape: one number, repeated.
    ///
    /// ```
    /// let tape = autodiff::Tape::<f64>::new();
    /// assert_eq!(tape.zeros([2]).value().unwrap(), ndarray::array![0.0, 0.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn zeros(&self, shape: impl Into<Shape>) -> Var<'_, F> {
        self.constant(F::zero()).broadcast_to(shape)
    }

    /// Ones of a shape: one number, repeated.
    ///
    /// ```
    /// let tape = autodiff::Tape::<f64>::new();
    /// assert_eq!(tape.ones([2]).value().unwrap(), ndarray::array![1.0, 1.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn ones(&self, shape: impl Into<Shape>) -> Var<'_, F> {
        self.constant(F::one()).broadcast_to(shape)
    }

    /// 0, 1, …, n − 1, each rounded to `F`. NumPy's `arange`.
    ///
    /// ```
    /// let tape = autodiff::Tape::<f64>::new();
    /// assert_eq!(tape.arange(3).value().unwrap(), ndarray::array![0.0, 1.0, 2.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn arange(&self, n: usize) -> Var<'_, F> {
        let mut numbers: Vec<F> = Vec::new();
        if numbers.try_reserve_exact(n).is_err() {
            return self.refuse("arange", &[], Mismatch::new(format!("no memory for {n} numbers")));
        }
        numbers.extend((0..n).map(|i| F::of(i as f64)));
        self.constant(numbers)
    }

    /// The unit matrix \[n, n\]: 1 on the diagonal, 0 elsewhere. NumPy's `eye`.
    ///
    /// ```
    /// let tape = autodiff::Tape::<f64>::new();
    /// assert_eq!(tape.eye(2).value().unwrap(), ndarray::array![[1.0, 0.0], [0.0, 1.0]].into_dyn());
    /// ```
    #[track_caller]
    pub fn eye(&self, n: usize) -> Var<'_, F> {
        self.ones([n, n]).tril(0).triu(0)
    }

    /// The sum x₀ + x₁ + … of vars, which broadcast; 0 if there are none.
    ///
    /// An iterator's `sum()` cannot do this: of no vars it would not know the tape.
    ///
    /// ```
    /// let tape = autodiff::Tape::<f64>::new();
    /// let (x, y) = (tape.input([1.0, 2.0]), tape.input(3.0));
    /// assert_eq!(tape.total(&[x, y]).value().unwrap(), ndarray::array![4.0, 5.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn total<'t>(&'t self, vars: &[Var<'t, F>]) -> Var<'t, F> {
        let mut vars = vars.iter().copied();
        let Some(mut total) = vars.next() else { return self.constant(F::zero()) };
        for x in vars {
            total += x;
        }
        total
    }
}

impl<F: Real> Var<'_, F> {
    /// Zeros of the shape of this array.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([1.0, 2.0]);
    /// assert_eq!(x.zeros_like().value().unwrap(), ndarray::array![0.0, 0.0].into_dyn());
    /// ```
    #[track_caller]
    pub fn zeros_like(self) -> Self {
        match self.shape() {
            Ok(shape) => self.tape().zeros(shape),
            Err(_) => self,
        }
    }
}
