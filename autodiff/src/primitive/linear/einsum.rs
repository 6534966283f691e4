//! Einstein summation, as a composition of products, sums and exchanges of axes.

use crate::base::error::Mismatch;
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::tape::var::Var;
use crate::tape::{Arg, Tape};
use std::collections::BTreeMap;

/// What a text such as `bij,bjk->bik` says: a label for each axis of each operand, and of the result.
#[derive(Debug)]
struct Subscripts {
    operands: Vec<Vec<char>>,
    result: Vec<char>,
}

impl Subscripts {
    fn parse(text: &str) -> Result<Self, Mismatch> {
        if let Some(odd) = text.chars().find(|c| !c.is_alphabetic() && !" ,->".contains(*c)) {
            let help =
                if odd == '.' { "give each axis a letter" } else { "a label is one letter, as in \"ij,jk->ik\"" };
            return Err(Mismatch::new(format!("'{odd}' in \"{text}\" is not a letter")).with_help(help));
        }
        let labels = |part: &str| part.chars().filter(|c| *c != ' ').collect::<Vec<char>>();
        let (operands, result) = match text.split_once("->") {
            Some((operands, result)) => (operands, Some(labels(result))),
            None => (text, None),
        };
        let operands: Vec<Vec<char>> = operands.split(',').map(labels).collect();
        let all = || operands.iter().flatten().copied();
        if let Some(odd) = all().chain(result.iter().flatten().copied()).find(|c| !c.is_alphabetic()) {
            let message = format!("'{odd}' in \"{text}\" is out of place");
            return Err(Mismatch::new(message).with_help("operands, then one arrow, then the result: \"ij,jk->ik\""));
        }
        for labels in &operands {
            if let Some(label) = repeated(labels) {
                let message =
                    format!("the label {label} appears twice in one operand of \"{text}\", which asks for a diagonal");
                return Err(Mismatch::new(message)
                    .with_help("with an identity matrix as another operand, \"ij,ij->i\" is the diagonal"));
            }
        }
        // Without an arrow: what appears once, in the order of the alphabet.
        let once = || {
            let mut once: Vec<char> = all().filter(|label| all().filter(|other| other == label).count() == 1).collect();
            once.sort_unstable();
            once
        };
        let result = result.unwrap_or_else(once);
        if let Some(label) = result.iter().find(|label| !all().any(|other| other == **label)) {
            return Err(Mismatch::new(format!(
                "the label {label} of the result of \"{text}\" is not one of an operand"
            )));
        }
        match repeated(&result) {
            Some(label) => Err(Mismatch::new(format!("the label {label} appears twice in the result of \"{text}\""))),
            None => Ok(Subscripts { operands, result }),
        }
    }

    /// The length of each label's axes.
    fn lengths(&self, shapes: &[Shape]) -> Result<BTreeMap<char, usize>, Mismatch> {
        if self.operands.len() != shapes.len() {
            let (labelled, given) = (self.operands.len(), shapes.len());
            return Err(Mismatch::new(format!("the labels are for {labelled} operands; there are {given}")));
        }
        let mut lengths = BTreeMap::new();
        for (i, (labels, shape)) in self.operands.iter().zip(shapes).enumerate() {
            if labels.len() != shape.rank() {
                let text: String = labels.iter().collect();
                let message = format!(
                    "{} {shape} has {} axes, and {} labels, \"{text}\"",
                    name(i, shapes.len()),
                    shape.rank(),
                    labels.len()
                );
                return Err(Mismatch::new(message));
            }
            for (label, length) in labels.iter().zip(shape.iter()) {
                let known = *lengths.entry(*label).or_insert(*length);
                if known != *length {
                    let message =
                        format!("the label {label} is {known} long, and {length} in {} {shape}", name(i, shapes.len()));
                    return Err(Mismatch::new(message));
                }
            }
        }
        Ok(lengths)
    }
}

/// Operand `i` of `count`, as the lines below an error call it.
fn name(i: usize, count: usize) -> String {
    let names: &[&str] = if count == 1 { &["x"] } else { &["a", "b", "c"] };
    names.get(i).map_or_else(|| format!("operand {}", i + 1), |name| (*name).to_owned())
}

fn repeated(labels: &[char]) -> Option<char> {
    labels.iter().enumerate().find(|(i, label)| labels.iter().take(*i).any(|other| other == *label)).map(|(_, l)| *l)
}

/// An array with a label for each axis.
struct Labelled<'t, F: Real> {
    x: Var<'t, F>,
    labels: Vec<char>,
}

impl<'t, F: Real> Labelled<'t, F> {
    /// Summed over the axes whose label is not wanted.
    #[track_caller]
    fn summed(self, wanted: impl Fn(char) -> bool) -> Self {
        let axes: Vec<usize> = self.labels.iter().enumerate().filter(|(_, l)| !wanted(**l)).map(|(i, _)| i).collect();
        let labels = self.labels.into_iter().filter(|label| wanted(*label)).collect();
        let x = if axes.is_empty() { self.x } else { self.x.sum(axes) };
        Labelled { x, labels }
    }

    /// With the axes in the order of these labels, seen in another shape.
    #[track_caller]
    fn arranged(&self, labels: &[char], shape: &[usize]) -> Var<'t, F> {
        let axes: Vec<usize> = labels.iter().filter_map(|l| self.labels.iter().position(|own| own == l)).collect();
        let x = if axes.iter().copied().eq(0..axes.len()) { self.x } else { self.x.permute(axes) };
        let shape = Shape::from(shape);
        if x.shape().is_ok_and(|own| own == shape) { x } else { x.reshape(shape) }
    }

    /// The sum over labels that are not wanted of the product with `other`.
    #[track_caller]
    fn times(self, other: Self, lengths: &BTreeMap<char, usize>, wanted: impl Fn(char) -> bool) -> Self {
        let (own, others) = (self.labels.clone(), other.labels.clone());
        let a = self.summed(|label| wanted(label) || others.contains(&label));
        let b = other.summed(|label| wanted(label) || own.contains(&label));
        let of = |labels: &[char], chosen: &dyn Fn(char) -> bool| {
            labels.iter().copied().filter(|l| chosen(*l)).collect::<Vec<_>>()
        };
        let both = |label| a.labels.contains(&label) && b.labels.contains(&label);
        let (batch, inner) = (of(&a.labels, &|l| both(l) && wanted(l)), of(&a.labels, &|l| both(l) && !wanted(l)));
        let (left, right) = (of(&a.labels, &|l| !both(l)), of(&b.labels, &|l| !both(l)));
        let length = |labels: &[char]| labels.iter().filter_map(|label| lengths.get(label)).product::<usize>();
        let [p, m, k, n] = [&batch, &left, &inner, &right].map(|labels| length(labels));
        let labels = [batch.as_slice(), &left, &right].concat();
        let shape: Shape = labels.iter().filter_map(|label| lengths.get(label)).copied().collect();
        let (a_order, b_order) =
            ([batch.as_slice(), &left, &inner].concat(), [batch.as_slice(), &inner, &right].concat());
        let y = match (batch.is_empty(), inner.is_empty()) {
            // Nothing is summed: the product of each with each.
            (_, true) => a.arranged(&a_order, &[p, m, 1]) * b.arranged(&b_order, &[p, 1, n]),
            (true, _) => a.arranged(&a_order, &[m, k]).matmul(b.arranged(&b_order, &[k, n])),
            _ => a.arranged(&a_order, &[p, m, k]).matmul(b.arranged(&b_order, &[p, k, n])),
        };
        let x = if y.shape().is_ok_and(|own| own == shape) { y } else { y.reshape(shape) };
        Labelled { x, labels }
    }
}

impl<F: Real> Tape<F> {
    /// The sum over products that `subscripts` describes, as NumPy's `einsum`: each axis of each operand has a letter, axes
    /// of one letter have one length and run together, and what the result does not have is summed over.
    ///
    /// | subscripts | is |
    /// |---|---|
    /// | `ij,jk->ik` | the matrix product |
    /// | `bij,bjk->bik` | a matrix product for each b |
    /// | `i,j->ij` | the outer product |
    /// | `ij,ij->` | Σ aᵢⱼ·bᵢⱼ |
    /// | `bhqd,bhkd->bhqk` | the products of all queries with all keys, for each b and h |
    /// | `ijk->kj` | the sum over i, with the other axes exchanged |
    ///
    /// Without an arrow the result has the letters that appear once, in the order of the alphabet. Operands are multiplied
    /// from left to right, two at a time, by [`matmul`](Var::matmul) where they share an axis that is summed over.
    ///
    /// Letters that do not fit the operands are an error, as are a letter that appears twice in one operand (a diagonal)
    /// and the dots that NumPy takes for any number of axes.
    ///
    /// ```
    /// # let tape = autodiff::Tape::<f64>::new();
    /// let (a, b) = (tape.input([[1.0, 2.0], [3.0, 4.0]]), tape.input([1.0, 10.0]));
    /// assert_eq!(tape.einsum("ij,j->i", &[a, b]).value()?, ndarray::array![21.0, 43.0].into_dyn());
    /// assert_eq!(tape.einsum("ij->ji", &[a]).value()?, a.transpose().value()?);
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    #[track_caller]
    pub fn einsum<'t>(&'t self, subscripts: &str, operands: &[Var<'t, F>]) -> Var<'t, F> {
        let args: Vec<Arg<'t, F>> = operands.iter().map(|x| (*x).into()).collect();
        if let Some(error) = operands.iter().find(|x| x.shape().is_err()) {
            return *error;
        }
        if operands.iter().any(|x| !std::ptr::eq(x.tape(), self)) {
            return self.mixed_tapes("einsum", &args, std::panic::Location::caller());
        }
        let shapes: Vec<Shape> = operands.iter().filter_map(|x| x.shape().ok()).collect();
        let parsed = Subscripts::parse(subscripts).and_then(|parsed| Ok((parsed.lengths(&shapes)?, parsed)));
        let (lengths, Subscripts { operands: labels, result }) = match parsed {
            Ok(parsed) => parsed,
            Err(mismatch) => return self.refuse("einsum", &args, mismatch),
        };
        let mut rest =
            operands.iter().zip(labels.iter().cloned()).map(|(x, labels)| Labelled { x: *x, labels }).enumerate();
        let Some((_, mut product)) = rest.next() else {
            return self.refuse("einsum", &args, Mismatch::new("there are no operands"));
        };
        for (i, operand) in rest {
            let later = labels.get(i + 1..).unwrap_or(&[]);
            let wanted = |label| result.contains(&label) || later.iter().flatten().any(|other| *other == label);
            product = product.times(operand, &lengths, wanted);
        }
        let product = product.summed(|label| result.contains(&label));
        let shape: Vec<usize> = result.iter().filter_map(|label| lengths.get(label)).copied().collect();
        product.arranged(&result, &shape)
    }
}
