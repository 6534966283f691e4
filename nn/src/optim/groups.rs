//! Parameters with learning rates and weight decay of their own.

use super::settings::not_negative;
use super::{Optimizer, Position, Update};
use autodiff::{Mismatch, Real, Var};
use std::fmt;

/// How a parameter is treated apart from others.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Group {
    /// What its learning rate is multiplied by; 1 unless said otherwise.
    pub rate: f64,
    /// Its weight decay λ, apart from the gradient (decoupled); 0 unless said otherwise.
    pub decay: f64,
    /// Its weight decay κ as part of the gradient (coupled), which is that of a penalty ½κ·Σw² in the loss; 0 unless said
    /// otherwise.
    pub penalty: f64,
}

impl Default for Group {
    fn default() -> Self {
        Group { rate: 1.0, decay: 0.0, penalty: 0.0 }
    }
}

/// Treats parameters by their path: with a learning rate of their own, r·α, and with weight decay,
///
/// - coupled, g ← g + κ·w, before the inner optimizer sees the gradient;
/// - decoupled, w ← w⁺ − r·α·λ·w, where w⁺ is what the inner optimizer makes of w.
///
/// For plain descent both are the same. Adam divides a coupled decay by the size of the gradients like all the rest of them,
/// and a decoupled one not: around Adam, it is [`AdamW`](crate::AdamW) for some of the parameters.
///
/// ```
/// use nn::{Adam, Group, Groups};
/// // A pretrained encoder learns slowly; weights decay, biases do not.
/// let optimizer = Groups::new(
///     |path: &str| Group {
///         rate: if path.starts_with("encoder.") { 0.1 } else { 1.0 },
///         decay: if path.ends_with("weight") { 0.01 } else { 0.0 },
///         ..Group::default()
///     },
///     Adam::new(0.001),
/// );
/// # let _: &dyn nn::Optimizer<f32> = &optimizer;
/// ```
///
/// The function is asked when a step is recorded, not in every step: it depends on the path only. If it leaves every parameter
/// that is trained as it is, as a misspelt path does, the step is refused.
///
/// Source: Loshchilov & Hutter, "Decoupled Weight Decay Regularization" (2019), Algorithm 2, with α in place of the
/// paper's α·η.
#[derive(Clone, Copy)]
pub struct Groups<C, O> {
    group: C,
    optimizer: O,
}

impl<C: Fn(&str) -> Group, O> Groups<C, O> {
    /// Treats each parameter as `group` of its path says, around `optimizer`.
    pub fn new(group: C, optimizer: O) -> Self {
        Groups { group, optimizer }
    }
}

impl<F: Real, C: Fn(&str) -> Group, O: Optimizer<F>> Optimizer<F> for Groups<C, O> {
    fn rate(&self, at: Position) -> f64 {
        self.optimizer.rate(at)
    }

    fn update<'t>(&self, update: &mut Update<'t, F>) -> Vec<Var<'t, F>> {
        let mut decays = Vec::with_capacity(update.parameters.len());
        let (mut wrong, mut changes_none) = (None, true);
        for parameter in &mut update.parameters {
            let group = (self.group)(&parameter.path);
            let name = |setting| format!("{setting} of `{}`", parameter.path);
            let settings = not_negative(&name("rate"), group.rate)
                .and(not_negative(&name("decay"), group.decay))
                .and(not_negative(&name("penalty"), group.penalty));
            wrong = wrong.or(settings.err());
            changes_none &= group == Group::default();
            if group.rate != 1.0 {
                parameter.rate *= group.rate;
            }
            if group.penalty != 0.0 {
                parameter.gradient += group.penalty * parameter.value;
            }
            decays.push((parameter.rate, group.decay));
        }
        if wrong.is_none() && changes_none {
            let paths: Vec<&str> = update.parameters.iter().map(|parameter| parameter.path.as_str()).collect();
            let message = "every parameter has rate 1 and no decay, as it has without groups";
            let help = format!("ask for paths as they are: {}", paths.join(", "));
            wrong = Some(Mismatch::new(message).with_help(help));
        }
        if let Some(mismatch) = wrong {
            return update.refuse("Groups", mismatch);
        }
        let mut values = self.optimizer.update(update);
        for ((value, parameter), (rate, decay)) in values.iter_mut().zip(&update.parameters).zip(decays) {
            if decay != 0.0 {
                *value -= rate * decay * parameter.value;
            }
        }
        values
    }
}

impl<C, O: fmt::Debug> fmt::Debug for Groups<C, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Groups {{ optimizer: {:?} }}", self.optimizer)
    }
}
