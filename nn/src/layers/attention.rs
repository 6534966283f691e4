//! Attention with several heads.

use super::expected::{refused, unfit};
use crate::context::Context;
use crate::init::Init;
use crate::layer::Layer;
use crate::layers::{Dense, Dropout};
use crate::module::{Module, Stored};
use crate::random::Random;
use autodiff::{Mismatch, Real, Var};

/// Every position of a sequence looks at all positions of another, or of the same: for each of h heads, with
/// d = width/h numbers,
///
/// yᵢ = Σⱼ aᵢⱼ·vⱼ with aᵢ = softmax(qᵢ·kⱼ/√d over j),
///
/// where q, k and v are the dense layers `query`, `key` and `value` of what looks, of what is looked at, and of what is then
/// seen. The heads side by side go through the dense layer `output`.
///
/// | array | shape |
/// |---|---|
/// | what looks | \[examples, queries, width\] |
/// | what is looked at | \[examples, keys, width\] |
/// | `query`, `key`, `value`, `output` | a weight \[width, width\] and a bias \[width\] each |
/// | y | \[examples, queries, width\] |
///
/// As a layer, x looks at itself. A mask says which keys count, [`causal`](Self::causal) that no position looks at later ones;
/// a position that may look nowhere sees zeros. While training, [`dropout`](Self::dropout) leaves out weights aᵢⱼ.
///
/// It is PyTorch's `MultiheadAttention` with `batch_first`, whose `in_proj_weight` is the transposed weights of `query`, `key`
/// and `value`, one below the other.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Layer, MultiHeadAttention, Random};
///
/// let attention = MultiHeadAttention::new(16, 4, &mut Random::new(0)).causal();
/// let tape = Tape::<f64>::new();
/// let x = tape.data(ndarray::Array3::zeros((2, 10, 16)));
/// let y = attention.forward(x, &Context::evaluation(&tape, &attention));
/// assert_eq!(y.shape()?, [2, 10, 16].into());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Vaswani et al., "Attention Is All You Need" (2017), §3.2.
#[derive(Clone, PartialEq, Debug)]
pub struct MultiHeadAttention<F: Real> {
    query: Dense<F>,
    key: Dense<F>,
    value: Dense<F>,
    output: Dense<F>,
    dropout: Dropout,
    heads: usize,
    causal: bool,
}

/// The score of a key that does not count: its exponential is 0, and it is finite in both precisions.
const NOTHING: f64 = -1e30;

impl<F: Real> MultiHeadAttention<F> {
    /// A layer of `heads` heads, which have to divide the width. Weights are drawn by [`Init::Xavier`].
    pub fn new(width: usize, heads: usize, random: &mut Random) -> Self {
        let [query, key, value, output] = std::array::from_fn(|_| Dense::new(width, width, Init::Xavier, random));
        MultiHeadAttention { query, key, value, output, dropout: Dropout { keep_prob: 1.0 }, heads, causal: false }
    }

    /// No position looks at later ones: query i sees the keys 0 to i.
    pub fn causal(self) -> Self {
        MultiHeadAttention { causal: true, ..self }
    }

    /// While training, a weight aᵢⱼ is kept with this probability.
    pub fn dropout(self, keep_prob: f64) -> Self {
        MultiHeadAttention { dropout: Dropout { keep_prob }, ..self }
    }

    /// What `queries` \[examples, queries, width\] see of `keys` \[examples, keys, width\] and `values`, of the same shape. A
    /// mask \[examples, keys\] is 0 where a key does not count, as behind the end of a sequence.
    ///
    /// ```
    /// use autodiff::Tape;
    /// use nn::{Context, MultiHeadAttention, Random};
    ///
    /// let attention = MultiHeadAttention::new(4, 2, &mut Random::new(0));
    /// let tape = Tape::<f64>::new();
    /// let cx = Context::evaluation(&tape, &attention);
    /// let (x, memory) = (tape.data(ndarray::Array3::ones((2, 5, 4))), tape.data(ndarray::Array3::ones((2, 3, 4))));
    /// let lengths = tape.index(ndarray::array![[3], [1]]);
    /// let mask = tape.index_range(0..3).lt(lengths);
    /// let y = attention.attend([x, memory, memory], Some(mask), &cx);
    /// assert_eq!(y.shape()?, [2, 5, 4].into());
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn attend<'t>(
        &self,
        [queries, keys, values]: [Var<'t, F>; 3],
        mask: Option<Var<'t, F>>,
        cx: &Context<'t, F>,
    ) -> Var<'t, F> {
        cx.scoped(self, || self.run([queries, keys, values], mask, cx))
    }

    #[track_caller]
    fn run<'t>(&self, operands: [Var<'t, F>; 3], mask: Option<Var<'t, F>>, cx: &Context<'t, F>) -> Var<'t, F> {
        let ([queries, keys, values], tape) = (operands, cx.tape());
        let (width, heads) = (self.query.weight().array().shape().first().copied().unwrap_or(0), self.heads);
        let weight = cx.param(self.query.weight());
        if weight.error().is_some() {
            return weight;
        }
        if width.checked_rem(heads) != Some(0) || width == 0 {
            return refused("attention", queries, format!("{heads} heads do not divide the width {width}"));
        }
        for operand in operands {
            let wanted = format!("[examples, steps, {width}], with {width} numbers for each step");
            let fits = |shape: &[usize]| shape.len() == 3 && shape.get(2) == Some(&width);
            if let Some(error) = unfit("attention", operand, &wanted, fits) {
                return error;
            }
        }
        let shape =
            |x: Var<'t, F>| x.shape().map_or([0; 2], |shape| [0, 1].map(|i| shape.get(i).copied().unwrap_or(0)));
        let ([examples, rows], [others, columns]) = (shape(queries), shape(keys));
        if examples != others || shape(values) != [others, columns] {
            let message = format!(
                "there are {examples} sequences that look, {others} of {columns} keys, and {} of {} values; they should be \
                 as many sequences, with a value for each key",
                shape(values)[0],
                shape(values)[1]
            );
            return tape.refuse("attention", &operands.map(Into::into), Mismatch::new(message));
        }
        // [examples, heads, steps, width/heads]
        let divided = |x: Var<'t, F>, steps| x.reshape([examples, steps, heads, width / heads]).permute([0, 2, 1, 3]);
        // The smallest of the three arrays takes the factor 1/√d.
        let scale = 1.0 / (width as f64 / heads as f64).sqrt();
        let q = divided(self.query.call(queries, cx) * scale, rows);
        let k = divided(self.key.call(keys, cx), columns);
        let v = divided(self.value.call(values, cx), columns);
        let mut scores = q.matmul(k.transpose_last());
        if self.causal {
            let earlier = tape.index_range(0..columns).le(tape.index_range(0..rows).reshape([rows, 1]));
            scores = earlier.select(scores, NOTHING);
        }
        let mut weights = match mask.map(|mask| (mask, mask.shape())) {
            None => scores.softmax(3),
            Some((mask, Err(_))) => return mask,
            Some((mask, Ok(shape))) if *shape == [examples, columns] => {
                let mask = mask.reshape([examples, 1, 1, columns]);
                // Where nothing counts the softmax is that of equal scores: it has to be 0.
                mask.select(mask.select(scores, NOTHING).softmax(3), 0.0)
            }
            Some((mask, Ok(shape))) => {
                let message =
                    format!("the mask has shape {shape}; it should be [{examples}, {columns}], one number per key");
                return refused("attention", mask, message);
            }
        };
        weights = self.dropout.call(weights, cx);
        let seen = weights.matmul(v).permute([0, 2, 1, 3]).reshape([examples, rows, width]);
        self.output.call(seen, cx)
    }
}

impl<F: Real> Module<F> for MultiHeadAttention<F> {
    crate::visit!(F; query, key, value, output, dropout; attributes heads, causal);

    fn pytorch(&self) -> Vec<Stored> {
        vec![
            Stored::new("query.weight", "in_proj_weight").transposed().piece(0, 3),
            Stored::new("key.weight", "in_proj_weight").transposed().piece(1, 3),
            Stored::new("value.weight", "in_proj_weight").transposed().piece(2, 3),
            Stored::new("query.bias", "in_proj_bias").piece(0, 3),
            Stored::new("key.bias", "in_proj_bias").piece(1, 3),
            Stored::new("value.bias", "in_proj_bias").piece(2, 3),
            Stored::new("output", "out_proj"),
        ]
    }

    fn describe(&self) -> String {
        let width = self.query.weight().array().shape().first().copied().unwrap_or(0);
        let causal = if self.causal { "causal " } else { "" };
        format!("{causal}attention of width {width}, {} heads", self.heads)
    }
}

impl<F: Real> Layer<F> for MultiHeadAttention<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        cx.tape().attributed(|| self.run([x; 3], None, cx))
    }
}
