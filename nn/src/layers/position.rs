//! Where in a sequence something stands, added to what it is.

use super::expected::{refused, unfit};
use crate::context::Context;
use crate::init::{Init, filled};
use crate::layer::Layer;
use crate::module::{Module, Param, Stored};
use crate::random::Random;
use autodiff::{Real, Var};

/// y = x + P, where row t of P is sin(t/10000^(2i/width)) in column 2i and cos(t/10000^(2i/width)) in column 2i + 1.
///
/// x and y are \[examples, steps, width\]; P is \[steps, width\] and not trained.
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Layer, PositionalEncoding};
///
/// let tape = Tape::<f64>::new();
/// let x = tape.data(ndarray::Array3::zeros((1, 2, 2)));
/// let y = PositionalEncoding.forward(x, &Context::evaluation(&tape, &PositionalEncoding));
/// assert_eq!(y.value()?, ndarray::array![[[0.0, 1.0], [1f64.sin(), 1f64.cos()]]].into_dyn());
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Vaswani et al., "Attention Is All You Need" (2017), §3.5.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PositionalEncoding;

impl<F: Real> Module<F> for PositionalEncoding {
    crate::visit!(F;);

    fn describe(&self) -> String {
        "positional encoding".into()
    }
}

impl<F: Real> Layer<F> for PositionalEncoding {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, _: &Context<'t, F>) -> Var<'t, F> {
        let wanted = "[examples, steps, width]";
        if let Some(error) = unfit("positional_encoding", x, wanted, |shape| shape.len() == 3) {
            return error;
        }
        let [steps, width] = x.shape().map_or([0; 2], |shape| [1, 2].map(|i| shape.get(i).copied().unwrap_or(0)));
        let mut table = match filled([steps, width], F::zero()) {
            Ok(table) => table,
            Err(error) => return refused("positional_encoding", x, error.message()),
        };
        table.iter_mut().enumerate().for_each(|(i, number)| {
            let (t, column) = (i / width, i % width);
            let angle = t as f64 / 10_000f64.powf((column - column % 2) as f64 / width as f64);
            *number = F::of(if column % 2 == 0 { angle.sin() } else { angle.cos() });
        });
        x + x.tape().constant(table)
    }
}

/// y = x + P, where P is a table of a row for each position, which is learnt.
///
/// | array | shape |
/// |---|---|
/// | x, y | \[examples, steps, width\] |
/// | `table` P | \[count, width\], of which the first rows are used: steps ≤ count |
///
/// ```
/// use autodiff::Tape;
/// use nn::{Context, Init, Layer, PositionalEmbedding, Random};
///
/// let positions = PositionalEmbedding::new(64, 16, Init::SmallNormal, &mut Random::new(0));
/// let tape = Tape::<f64>::new();
/// let x = tape.data(ndarray::Array3::zeros((2, 10, 16)));
/// let y = positions.forward(x, &Context::evaluation(&tape, &positions)).value()?;
/// assert_eq!(y[[1, 9, 3]], positions.table().array()[[9, 3]]);
/// # Ok::<(), autodiff::Error>(())
/// ```
///
/// Source: Gehring, Auli, Grangier, Yarats & Dauphin, "Convolutional Sequence to Sequence Learning" (2017), §3.1.
#[derive(Clone, PartialEq, Debug)]
pub struct PositionalEmbedding<F: Real> {
    table: Param<F>,
}

impl<F: Real> PositionalEmbedding<F> {
    /// A table of `count` rows of `width` numbers, drawn by `init` for a layer from `width` to `width`.
    pub fn new(count: usize, width: usize, init: Init, random: &mut Random) -> Self {
        PositionalEmbedding { table: Param::from_result(init.draw([count, width], width, width, random)) }
    }

    /// The table, \[count, width\].
    pub fn table(&self) -> &Param<F> {
        &self.table
    }
}

impl<F: Real> Module<F> for PositionalEmbedding<F> {
    crate::visit!(F; table);

    fn pytorch(&self) -> Vec<Stored> {
        vec![Stored::new("table", "weight")]
    }

    fn describe(&self) -> String {
        let length = |axis| self.table.array().shape().get(axis).copied().unwrap_or(0);
        format!("positions up to {}, in {}", length(0), length(1))
    }
}

impl<F: Real> Layer<F> for PositionalEmbedding<F> {
    #[track_caller]
    fn forward<'t>(&self, x: Var<'t, F>, cx: &Context<'t, F>) -> Var<'t, F> {
        let table = cx.param(&self.table);
        let (Ok(shape), None) = (table.shape(), table.error()) else { return table };
        let [count, width] = [0, 1].map(|axis| shape.get(axis).copied().unwrap_or(0));
        let wanted = format!("[examples, steps, {width}], with {count} steps or fewer");
        let fits = |shape: &[usize]| matches!(shape, [_, steps, given] if *steps <= count && *given == width);
        if let Some(error) = unfit("positional_embedding", x, &wanted, fits) {
            return error;
        }
        let steps = x.shape().map_or(0, |shape| shape.get(1).copied().unwrap_or(0));
        x + if steps == count { table } else { table.slice(0, ..steps) }
    }
}
