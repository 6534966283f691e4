//! Built-in demonstrations: small ones with numbers that are known from elsewhere, models that learn, layers at work.
//!
//! `scripts/docs.sh` writes the page of each beside this one, from a run of the program; without it, the links lead
//! nowhere.
//!
//! | page | shows |
//! |---|---|
//! | [`two-layers`](../pages/two-layers.html) | A network of two layers learns |
//! | [`two-layers-matrices`](../pages/two-layers-matrices.html) | The same network in matrices |
//! | [`neuron`](../pages/neuron.html) | One neuron learns, three steps |
//! | [`softmax-regression`](../pages/softmax-regression.html) | Softmax regression: three classes, two steps |
//! | [`batch-norm`](../pages/batch-norm.html) | Batch normalisation of four examples |
//! | [`convolution`](../pages/convolution.html) | A small convolution |
//! | [`gru`](../pages/gru.html) | A gated recurrent unit reads four numbers |
//! | [`attention`](../pages/attention.html) | One attention head over three positions |
//! | [`digits`](../pages/digits.html) | A network reads one handwritten digit |
//! | [`two-ways`](../pages/two-ways.html) | e = (a + b)·(b + 1): two ways from b |
//! | [`logistic-unit`](../pages/logistic-unit.html) | A logistic unit, σ(w·x) |
//! | [`relu`](../pages/relu.html) | relu(2x + 1) |
//! | [`square`](../pages/square.html) | x·x: one value, used twice |
//! | [`nan-forward`](../pages/nan-forward.html) | The logarithm of (1, 0, −1) |
//! | [`nan-reverse`](../pages/nan-reverse.html) | √x − √x at 0: fine forwards, NaN in reverse |
//! | [`wrong-rule`](../pages/wrong-rule.html) | A rule that is wrong, and the check that finds it |

mod digits;
mod layers;
mod learning;
mod small;
mod two_layers;

use crate::subject::Subject;
use autodiff::Result;
use autodiff::inspect::Trace;
use std::borrow::Cow;

/// A program to look at.
pub struct Demo {
    /// The word that chooses it.
    pub name: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    /// What there is to see, in a few sentences.
    pub introduction: &'static str,
    run: fn() -> Result<Trace<f64>>,
}

impl Demo {
    /// The trace of its run.
    ///
    /// # Errors
    /// None that is expected: the programs are right.
    pub fn trace(&self) -> Result<Trace<f64>> {
        (self.run)()
    }
}

impl Subject for Demo {
    type Number = f64;

    fn run(&self) -> Result<Cow<'_, Trace<f64>>> {
        self.trace().map(Cow::Owned)
    }

    fn introduction(&self) -> &str {
        self.introduction
    }
}

/// All demonstrations.
pub const ALL: [Demo; 16] = [
    Demo {
        name: "two-layers",
        title: "A network of two layers learns",
        introduction: "Two inputs, two hidden units and two outputs, unit by unit. The error E comes back to h1 by two \
                       ways, which pull in opposite directions. Then the weights are updated, and a second forward pass \
                       shows that E became smaller.",
        run: two_layers::units,
    },
    Demo {
        name: "two-layers-matrices",
        title: "The same network in matrices",
        introduction: "The network of `two-layers` with the weights of a layer in a matrix, one row for each unit: the same \
                       numbers in fewer lines. Choose a cell of a product to see its row times its column.",
        run: two_layers::matrices,
    },
    Demo {
        name: "neuron",
        title: "One neuron learns, three steps",
        introduction: "A neuron weighs two inputs, adds a bias, and squashes the sum: a = σ(w1·x1 + w2·x2 + b). It should \
                       answer 1. Three times its error is computed, brought back to w1, w2 and b, and made smaller.",
        run: learning::neuron,
    },
    Demo {
        name: "softmax-regression",
        title: "Softmax regression: three classes, two steps",
        introduction: "Four points in the plane, each of one of three classes. A matrix gives every point three scores, and \
                       the loss is the logarithm of the probability of the right class, on the average and negative. What \
                       comes back to the scores is the probabilities, minus 1 at the right class.",
        run: learning::softmax_regression,
    },
    Demo {
        name: "batch-norm",
        title: "Batch normalisation of four examples",
        introduction: "Between two layers every feature gets mean 0 and variance 1 over the examples. Mean and variance \
                       depend on all examples, so the cotangent of one example comes by way of the others, too.",
        run: layers::batch_normalisation,
    },
    Demo {
        name: "convolution",
        title: "A small convolution",
        introduction: "Two filters of 2 × 2 weights slide over a picture of 4 × 4 pixels. Choose a cell of the result to see \
                       its window; choose a cell of a filter's cotangent to see all places where that weight was used.",
        run: layers::convolution,
    },
    Demo {
        name: "gru",
        title: "A gated recurrent unit reads four numbers",
        introduction: "The loop over the sequence is one node, `scan`, whatever its length. In the terminal the key s goes \
                       into one of its steps, which is a run of its own, forwards and back.",
        run: layers::gru,
    },
    Demo {
        name: "attention",
        title: "One attention head over three positions",
        introduction: "Every position asks a query, and all positions answer with a key. The softmax of their products says \
                       how much each position takes from the value of each other.",
        run: layers::attention,
    },
    Demo {
        name: "digits",
        title: "A network reads one handwritten digit",
        introduction: "A network with 16 hidden units was trained on 600 pictures a moment ago. This is a picture that it has \
                       not seen: 64 pixels go in, ten scores come out, and one step of training follows.",
        run: digits::one_picture,
    },
    Demo {
        name: "two-ways",
        title: "e = (a + b)·(b + 1): two ways from b",
        introduction: "b acts on e by two ways. The cotangent of b is the sum of what both bring: 2 and 3.",
        run: small::two_ways,
    },
    Demo {
        name: "logistic-unit",
        title: "A logistic unit, σ(w·x)",
        introduction: "The slope of the logistic function is f·(1 − f), so the reverse pass needs only its value f.",
        run: small::logistic_unit,
    },
    Demo {
        name: "relu",
        title: "relu(2x + 1)",
        introduction: "relu lets a positive number through unchanged, and its cotangent, too. For a negative one both are 0.",
        run: small::rectified,
    },
    Demo {
        name: "square",
        title: "x·x: one value, used twice",
        introduction: "Both operands of the product are x, so its cotangent comes by two edges, 3 and 3, and is 2x = 6.",
        run: small::square,
    },
    Demo {
        name: "nan-forward",
        title: "The logarithm of (1, 0, −1)",
        introduction: "The logarithm of 0 is −∞, and that of −1 is NaN, not a number. The key n finds where it began.",
        run: small::logarithm,
    },
    Demo {
        name: "nan-reverse",
        title: "√x − √x at 0: fine forwards, NaN in reverse",
        introduction: "All values are finite. The slope of the root at 0 is infinite, and ∞ − ∞ is NaN: it begins in the \
                       reverse pass. The key n stops there.",
        run: small::roots,
    },
    Demo {
        name: "wrong-rule",
        title: "A rule that is wrong, and the check that finds it",
        introduction: "The rule of one operation says 2x² where 3x² is right. Finite differences disagree with it there, and \
                       agree at every other node: in the terminal, the key f compares.",
        run: small::wrong_rule,
    },
];

/// The demonstration of this name.
pub fn find(name: &str) -> Option<&'static Demo> {
    ALL.iter().find(|demo| demo.name == name)
}
