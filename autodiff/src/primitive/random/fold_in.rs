//! Keys derived from a key.

use crate::base::error::{Mismatch, Refusal, Result};
use crate::base::kind::{Kind, Type};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels;
use crate::primitive::index::operand::IndexOrNumber;
use crate::primitive::{Call, Entry, Kernel, Primitive, Sample, SampleOperand, Signature, Types};
use crate::tape::var::Key;
use smallvec::smallvec;

/// y = the key that belongs to i among those derived from k
#[derive(Debug)]
pub struct FoldIn;

impl<F: Real> Primitive<F> for FoldIn {
    fn name(&self) -> &'static str {
        "fold_in"
    }

    fn signature(&self) -> Signature {
        Signature::Fixed(&[("k", Signature::KEY), ("i", Signature::INDEX)])
    }

    fn formula(&self) -> &'static str {
        "y = the key number i of those derived from k"
    }

    fn results(&self, inputs: &[Type]) -> Result<Types, Mismatch> {
        match inputs {
            [_, i] if i.shape.rank() == 0 => Ok(smallvec![Type::key()]),
            [_, i] => Err(Mismatch::new(format!("i should be one index, not an array {}", i.shape))
                .with_help("take one element: `i.slice(0, n..n + 1).reshape([])`")),
            _ => Err(Mismatch::new("takes 2 operands")),
        }
    }

    fn kernel(&self, _: &[&Shape]) -> Kernel<F> {
        Kernel::general()
    }

    fn evaluate(&self, call: &mut Call<'_, '_, F>) -> Result<(), Refusal> {
        let i = call.index(1)?.iter().next().unwrap_or(0);
        *call.key_result(0)? = kernels::fold_in(call.key(0)?, i as u64);
        Ok(())
    }
}

/// The line of the registry.
pub(in crate::primitive) fn entry<F: Real>() -> Entry<F> {
    Entry::fixed(&FoldIn).sampled(|generator| {
        let key = SampleOperand::Key(generator.integer(0, 1 << 30) as u64);
        Sample::new(&FoldIn, vec![key, SampleOperand::Index(Shape::scalar(), 1000)])
    })
}

impl<'t, F: Real> Key<'t, F> {
    /// The key that belongs to `index`, a number or an array of one index without axes, among those derived from this key:
    /// of step t, of layer n. What is drawn with different keys is independent. To derive a key from several indices, fold
    /// in one after the other.
    ///
    /// With an index that is an input of the program, each run of the program has its own numbers.
    ///
    /// Source: the mixing function is that of Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let key = tape.key(7);
    /// let step = tape.index(ndarray::arr0(1));
    /// assert_eq!(key.fold_in(step).value()?, key.fold_in(1).value()?);
    /// assert_ne!(key.fold_in(0).uniform([3], 0).value()?, key.fold_in(1).uniform([3], 0).value()?);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn fold_in(self, index: impl IndexOrNumber<'t, F>) -> Self {
        let [key] = self.tape().record_all(&FoldIn, &[self.into(), index.on(self.tape()).into()], [Kind::Key]);
        key.key()
    }

    /// N keys derived from this one: those of the indices 0 to N − 1, as [`fold_in`](Self::fold_in) gives them.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let [weights, noise] = tape.key(7).split();
    /// assert_ne!(weights.value()?, noise.value()?);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn split<const N: usize>(self) -> [Self; N] {
        let mut keys = [self; N];
        for (i, key) in keys.iter_mut().enumerate() {
            *key = self.fold_in(i);
        }
        keys
    }
}
