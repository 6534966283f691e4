//! One node of a trace, checked where it stands: the numbers that its rule gave in this run against finite differences.

use super::difference::{Curve, Estimate, Sample, derivatives};
use super::nodes::application;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::ids::{IdVec, NodeId};
use crate::inspect::{Edge, Event, Trace};
use crate::primitive::{Generator, Kind};
use crate::program::{Input, Program};
use crate::tape::query::results_of;
use crate::tape::value::{self, Value};
use ndarray::ArrayD;
use std::fmt;

/// Elements of larger arrays are not compared one by one.
const MOST: usize = 256;

/// How far a cotangent may be from the finite difference, relative to both: what the differences are good for.
const TOLERANCE: f64 = 1e-6;

/// One node of a trace checked against finite differences, on three levels.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeCheck {
    /// The rule, along one random direction of all operands at once: ⟨c, ξ⟩ against d/dh ⟨ȳ, f(x + hξ)⟩.
    pub rule: Option<Level>,
    /// The rule, element by element: the element with the largest difference. `None` for more than 256 elements.
    pub elements: Option<Level>,
    /// The cotangent of the node itself, against the change of the result when the run is repeated from this node on
    /// with a changed element: the element with the largest difference. This level also finds errors in the sum of
    /// contributions. `None` for more than 256 elements.
    pub end_to_end: Option<Level>,
}

/// One comparison of a number with a finite difference.
#[derive(Clone, PartialEq, Debug)]
pub struct Level {
    /// What the rules gave.
    pub analytic: f64,
    /// What the finite difference found.
    pub numeric: f64,
    /// How far that may be off.
    pub error: f64,
    /// How many numbers were compared.
    pub compared: usize,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a comparison with finite differences ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// The two numbers agree.
    Agrees,
    /// The function has a kink here, so that there is no derivative to compare with.
    Kink,
    /// The function is not finite nearby, or too uneven for finite differences.
    Unchecked,
    /// The two numbers differ.
    Differs,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Outcome::Agrees => "agrees",
            Outcome::Kink => "kink",
            Outcome::Unchecked => "unchecked",
            Outcome::Differs => "differs",
        })
    }
}

impl NodeCheck {
    /// The levels that were compared, with what they compare.
    pub fn levels(&self) -> impl Iterator<Item = (&'static str, &Level)> {
        let levels = [
            ("rule, one direction", &self.rule),
            ("rule, each element", &self.elements),
            ("cotangent, end to end", &self.end_to_end),
        ];
        levels.into_iter().filter_map(|(name, level)| Some((name, level.as_ref()?)))
    }

    /// Whether a level found a difference.
    pub fn fails(&self) -> bool {
        self.levels().any(|(_, level)| level.outcome == Outcome::Differs)
    }
}

impl Trace<f64> {
    /// Checks the numbers of one node against finite differences: its rule along a direction and element by element,
    /// with the cotangent that it had in this run, and its own cotangent by repeating the run from there on.
    ///
    /// A kink within the step, such as that of relu at 0, is no failure; where nothing can be compared, the level is
    /// [`Outcome::Unchecked`] or absent.
    ///
    /// ```
    /// use autodiff::check::Outcome;
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let x = tape.input([0.5, -1.0]).named("x");
    /// let h = x.tanh();
    /// let check = (h * h).sum(..).trace()?.check(h.id())?;
    /// assert_eq!(check.rule.unwrap().outcome, Outcome::Agrees);
    /// assert_eq!(check.end_to_end.unwrap().compared, 2);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::NoValue`] for a trace that was read from a file: it does not run again.
    pub fn check(&self, node: NodeId) -> Result<NodeCheck> {
        let Some(program) = self.program() else {
            let message = "a trace that was read from a file does not run again";
            return Err(Error::new(ErrorKind::NoValue, "check", message));
        };
        let (rule, elements) = self.check_rule(program, node)?;
        Ok(NodeCheck { rule, elements, end_to_end: self.check_end_to_end(program, node)? })
    }

    fn check_rule(&self, program: &Program<f64>, node: NodeId) -> Result<(Option<Level>, Option<Level>)> {
        let end = self.at(self.len());
        let Some(primitive) = program.node(node).and_then(|view| view.primitive()) else { return Ok((None, None)) };
        let operand = |edge: &Edge| {
            let value = self.stored(edge.operand)?;
            Input::known(&value, &program.nodes[edge.operand].shape)
        };
        let edges: Vec<Edge> = self.edges_of(node).collect();
        let Some(inputs) = edges.iter().map(operand).collect::<Option<Vec<Input<f64>>>>() else {
            return Ok((None, None));
        };
        let moving: Vec<(usize, ArrayD<f64>)> =
            edges.iter().filter_map(|edge| Some((edge.slot, end.contribution(*edge)?.to_owned()))).collect();
        if moving.is_empty() {
            return Ok((None, None));
        }
        let single = application(primitive, &inputs, None)?;
        // ⟨ȳ, f(x)⟩ over the results that are arrays of reals; one without a cotangent counts as 0.
        let cotangents: Vec<Option<ArrayD<f64>>> = results_of(&program.nodes, node)
            .filter(|id| program.nodes[*id].kind() == Kind::Real)
            .map(|id| end.cotangent(id).map(|array| array.to_owned()))
            .collect();
        let whole = |inputs: &[Input<f64>]| -> Result<Sample> {
            let (mut value, mut size) = (0.0, 0.0);
            for (y, dy) in single.run(inputs)?.iter().zip(&cotangents) {
                for (y, dy) in y.iter().zip(dy.iter().flatten()) {
                    value += y * dy;
                    size += (y * dy).abs();
                }
            }
            Ok(Sample { value, size })
        };
        let mut generator = Generator::new(0);
        let mut direction = |like: &ArrayD<f64>| like.mapv(|_| generator.uniform(0.5, 1.5));
        let xi: Vec<ArrayD<f64>> = moving.iter().map(|(_, c)| direction(c)).collect();
        let analytic = moving.iter().zip(&xi).map(|((_, c), xi)| (c * xi).sum()).sum::<f64>();
        let mut along = |t: f64| -> Result<(f64, Vec<Sample>)> {
            let mut moved = inputs.clone();
            for ((slot, _), xi) in moving.iter().zip(&xi) {
                if let Some(Input::Real(x)) = moved.get_mut(*slot) {
                    x.scaled_add(t, xi);
                }
            }
            Ok((t, vec![whole(&moved)?]))
        };
        let rule = level(analytic, &mut along, &[2f64.powi(-8), 0.25])?;
        let mut elements = Vec::new();
        if moving.iter().map(|(_, c)| c.len()).sum::<usize>() <= MOST {
            for (slot, c) in &moving {
                for (i, analytic) in c.iter().enumerate() {
                    elements.push(moved_element(*analytic, i, inputs.get(*slot), |x| {
                        let mut moved = inputs.clone();
                        if let Some(input) = moved.get_mut(*slot) {
                            *input = Input::Real(x);
                        }
                        whole(&moved)
                    })?);
                }
            }
        }
        Ok((Some(rule), worst(elements)))
    }

    fn check_end_to_end(&self, program: &Program<f64>, node: NodeId) -> Result<Option<Level>> {
        let end = self.at(self.len());
        let Some(cotangent) = end.cotangent(node).filter(|array| array.len() <= MOST) else { return Ok(None) };
        let seeds: Vec<(NodeId, ArrayD<f64>)> = self
            .events()
            .iter()
            .enumerate()
            .filter_map(|(i, event)| match event {
                Event::Seed(y) => Some((*y, self.at(i + 1).cotangent(*y)?.to_owned())),
                _ => None,
            })
            .collect();
        let mut values = IdVec::filled(program.len(), || Value::Unknown);
        for id in program.nodes.ids() {
            values[id] = self.stored(id).unwrap_or(Value::Unknown);
        }
        // What has to run again: the nodes that this one leads to.
        let mut led = IdVec::filled(program.len(), || false);
        led[node] = true;
        for id in program.nodes.ids() {
            if !led[id] {
                led[id] = program.nodes[id].inputs.iter().any(|operand| led[*operand]);
            }
        }
        let Some(last) = seeds.iter().map(|(y, _)| *y).max() else { return Ok(None) };
        let again: Vec<NodeId> = led.ids().filter(|id| led[*id] && *id != node && *id <= last).collect();
        let shape = &program.nodes[node].shape;
        let start = self.stored(node).and_then(|value| Input::known(&value, shape));
        let mut elements = Vec::new();
        for (i, analytic) in cotangent.iter().enumerate() {
            elements.push(moved_element(*analytic, i, start.as_ref(), |x| {
                let mut values = values.clone();
                values[node] = value::take(x).0;
                for id in &again {
                    program.evaluate(*id, &mut values)?;
                }
                let (mut value, mut size) = (0.0, 0.0);
                for (y, seed) in &seeds {
                    let Some(array) = values[*y].array(&program.nodes[*y].shape) else { continue };
                    for (y, seed) in array.iter().zip(seed) {
                        value += y * seed;
                        size += (y * seed).abs();
                    }
                }
                Ok(Sample { value, size })
            })?);
        }
        Ok(worst(elements))
    }

    /// The value of a node, whatever its kind.
    fn stored(&self, node: NodeId) -> Option<Value<f64>> {
        self.at(self.len()).known(node)
    }
}

/// Compares the derivative by one element of `input`, where `run` gives the number that depends on it.
fn moved_element(
    analytic: f64,
    element: usize,
    input: Option<&Input<f64>>,
    run: impl Fn(ArrayD<f64>) -> Result<Sample>,
) -> Result<Level> {
    let Some(Input::Real(x)) = input else {
        return Ok(Level {
            analytic,
            numeric: f64::NAN,
            error: f64::INFINITY,
            compared: 0,
            outcome: Outcome::Unchecked,
        });
    };
    let own = x.iter().nth(element).copied().unwrap_or(0.0);
    let mut lengths: Vec<f64> = [own.abs() / 16.0, 0.25].into_iter().filter(|length| *length > 1e-300).collect();
    lengths.sort_by(f64::total_cmp);
    let mut curve = |t: f64| -> Result<(f64, Vec<Sample>)> {
        let mut moved = x.clone();
        let to = own + t;
        moved.iter_mut().skip(element).take(1).for_each(|x| *x = to);
        Ok((to - own, vec![run(moved)?]))
    };
    level(analytic, &mut curve, &lengths)
}

fn level(analytic: f64, curve: &mut Curve<'_>, lengths: &[f64]) -> Result<Level> {
    let found = derivatives(curve, lengths)?;
    let Some(Estimate { value, error, kink, .. }) = found.first().copied() else {
        return Ok(Level {
            analytic,
            numeric: f64::NAN,
            error: f64::INFINITY,
            compared: 0,
            outcome: Outcome::Unchecked,
        });
    };
    let apart = (analytic - value).abs();
    let outcome = if kink {
        Outcome::Kink
    } else if !value.is_finite() || !error.is_finite() || error > 1e-3 * (1.0 + value.abs()) {
        Outcome::Unchecked
    } else if apart <= TOLERANCE * (analytic.abs() + value.abs()) + 4.0 * error {
        Outcome::Agrees
    } else {
        Outcome::Differs
    };
    Ok(Level { analytic, numeric: value, error, compared: 1, outcome })
}

/// Of several comparisons the one that tells most: a difference before a kink, before what could not be compared,
/// before the agreement that is furthest off.
fn worst(levels: Vec<Level>) -> Option<Level> {
    let compared = levels.len();
    let rank = |level: &Level| match level.outcome {
        Outcome::Differs => 3,
        Outcome::Kink => 2,
        Outcome::Unchecked => 1,
        Outcome::Agrees => 0,
    };
    let apart = |level: &Level| (level.analytic - level.numeric).abs();
    let worst = levels.into_iter().max_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| apart(a).total_cmp(&apart(b))))?;
    Some(Level { compared, ..worst })
}
