//! Where another framework keeps the arrays of a module.

/// Where PyTorch's `state_dict` keeps an array or a part of a module, if its name or its layout differs from the
/// module's own.
///
/// [`Module::pytorch`](crate::Module::pytorch) lists these. Both names are relative to the module.
///
/// ```
/// use autodiff::{Real, Var};
/// use nn::{Context, Dense, Init, Layer, Module, Random, Stored};
///
/// /// Two dense layers, which a PyTorch module calls `fc1` and `fc2`.
/// #[derive(Clone, Debug)]
/// struct Network<F: Real> {
///     hidden: Dense<F>,
///     output: Dense<F>,
/// }
///
/// impl<F: Real> Module<F> for Network<F> {
///     nn::visit!(F; hidden, output);
///
///     fn pytorch(&self) -> Vec<Stored> {
///         vec![Stored::new("hidden", "fc1"), Stored::new("output", "fc2")]
///     }
/// }
/// # let mut random = Random::new(0);
/// # let dense = |i, o, random: &mut Random| Dense::new(i, o, Init::He, random);
/// # let network = Network::<f32> { hidden: dense(2, 3, &mut random), output: dense(3, 1, &mut random) };
/// let names: Vec<String> = nn::pytorch::names(&network).into_iter().map(|(_, name)| name).collect();
/// assert_eq!(names, ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    pub(crate) ours: Option<&'static str>,
    pub(crate) theirs: &'static str,
    pub(crate) transposed: bool,
    pub(crate) piece: (usize, usize),
}

impl Stored {
    /// The array at the path `ours`, or the part there with everything in it, is called `theirs`.
    pub fn new(ours: &'static str, theirs: &'static str) -> Self {
        Stored { ours: Some(ours), theirs, transposed: false, piece: (0, 1) }
    }

    /// A tensor that the module does not use: it is neither read nor written.
    pub fn unused(theirs: &'static str) -> Self {
        Stored { ours: None, theirs, transposed: false, piece: (0, 1) }
    }

    /// The array is kept with its axes in reverse order.
    pub fn transposed(self) -> Self {
        Stored { transposed: true, ..self }
    }

    /// The tensor holds `of` arrays of one shape, one below the other, of which this is number `piece`, from 0.
    pub fn piece(self, piece: usize, of: usize) -> Self {
        let of = of.max(1);
        Stored { piece: (piece.min(of - 1), of), ..self }
    }
}
