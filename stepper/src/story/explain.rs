//! Formulas with the numbers of a run in them, element by element.

use super::Story;
use super::convolution::Window;
use crate::number::short;
use autodiff::inspect::{Answer, Edge, Role, Symbol, Template};
use autodiff::{NodeId, Real};
use std::collections::BTreeMap;

/// Longer sums are not read term by term.
const MOST_TERMS: usize = 12;
const LONGEST: usize = 200;

/// How one number came to be.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Explanation {
    /// The formula with numbers: `0.4·0.5933 + 0.45·0.5969 + 0.6`.
    pub text: String,
    /// The elements that are read, for a front end to light up.
    pub reads: Vec<(NodeId, usize)>,
    /// The elements of cotangents that are read.
    pub reads_cotangents: Vec<(NodeId, usize)>,
    /// The terms of a sum of products, in order.
    pub terms: Vec<Term>,
}

/// One product of a sum of products, with its numbers.
#[derive(Clone, PartialEq, Debug)]
pub struct Term {
    /// `0.4·0.5933`
    pub text: String,
    /// `0.2373`
    pub value: String,
}

/// The lengths of a product's three axes: a is m × k, b is k × n.
struct Product {
    k: usize,
    n: usize,
    m: usize,
}

impl<F: Real> Story<'_, F> {
    /// How the element of a node's value is computed from the statements before it.
    pub fn of_value(&self, id: NodeId, element: usize) -> Option<Explanation> {
        let node = self.trace.node(id).filter(|node| node.role() == Role::Computed)?;
        let mut found = Explanation::default();
        found.text = self.inner(node.id(), element, &mut found, true, 0)?;
        let fits = found.text.chars().count() <= LONGEST && !found.text.is_empty();
        fits.then_some(found)
    }

    /// How the element of what an edge contributes is computed.
    pub fn of_contribution(&self, edge: Edge, element: usize) -> Option<Explanation> {
        let node = self.trace.node(edge.node)?;
        let documentation = self.documentation(edge.node)?;
        let Some(Answer::Of(rule)) = documentation.rule.get(edge.slot) else { return None };
        let mut found = Explanation::default();
        let operands = node.operands();
        match node.operation() {
            "matmul" => {
                let shape = self.product(operands)?;
                let [a, b] = operands else { return None };
                let pairs: Vec<(bool, usize, NodeId, usize)> = match edge.slot {
                    // ā[i, l] = Σ_j ȳ[i, j]·b[l, j]
                    0 => (0..shape.n)
                        .map(|j| (true, element / shape.k * shape.n + j, *b, element % shape.k * shape.n + j))
                        .collect(),
                    // b̄[l, j] = Σ_i a[i, l]·ȳ[i, j]
                    _ => (0..shape.m)
                        .map(|i| (false, i * shape.n + element % shape.n, *a, i * shape.k + element / shape.n))
                        .collect(),
                };
                let product = |(first, of_bar, id, of): (bool, usize, NodeId, usize)| {
                    let (bar, x) = (self.cotangent(edge.node, of_bar)?, self.value(id, of)?);
                    let (p, q) = if first { (bar, x) } else { (x, bar) };
                    found.reads_cotangents.push((edge.node, of_bar));
                    found.reads.push((id, of));
                    Some((p, q))
                };
                found.terms = terms(pairs.into_iter().map(product).collect::<Option<Vec<_>>>()?)?;
                found.text = sum_text(&found.terms);
            }
            "conv" => {
                let Window { terms: pairs } = Window::back(self, edge, element)?;
                let other = *operands.get(1 - edge.slot)?;
                found.reads_cotangents = pairs.iter().map(|(result, _)| (edge.node, *result)).collect();
                found.reads = pairs.iter().map(|(_, of)| (other, *of)).collect();
                let product = |(result, of): (usize, usize)| {
                    let (bar, x) = (self.cotangent(edge.node, result)?, self.value(other, of)?);
                    Some(if edge.slot == 0 { (bar, x) } else { (x, bar) })
                };
                found.terms = terms(pairs.into_iter().map(product).collect::<Option<Vec<_>>>()?)?;
                found.text = sum_text(&found.terms);
            }
            "broadcast_to" => {
                let to = node.shape();
                let from = self.trace.node(edge.operand)?.shape();
                let from_elements = (0..to.size()).filter(|i| broadcast(from, to, *i) == element).take(MOST_TERMS + 1);
                let elements: Vec<usize> = from_elements.collect();
                found.reads_cotangents = elements.iter().map(|i| (edge.node, *i)).collect();
                let numbers: Option<Vec<F>> = elements.iter().map(|i| self.cotangent(edge.node, *i)).collect();
                found.text = plain_sum(&numbers.filter(|numbers| numbers.len() <= MOST_TERMS)?);
            }
            "sum" | "reshape" => {
                let element = if node.shape().size() == 1 { 0 } else { element };
                if node.shape().size() > 1 && node.operation() == "sum" {
                    return None;
                }
                found.reads_cotangents.push((edge.node, element));
                found.text = short(self.cotangent(edge.node, element)?);
            }
            _ => {
                let single = node.shape().size() == 1 && operands.iter().all(|id| self.size(*id) == Some(1));
                if !documentation.elementwise && !single {
                    return None;
                }
                for symbol in rule.symbols() {
                    match symbol {
                        Symbol::Operand(i) => found.reads.extend(operands.get(i).map(|id| (*id, element))),
                        Symbol::Result(0) => found.reads.push((edge.node, element)),
                        Symbol::Cotangent(0) => found.reads_cotangents.push((edge.node, element)),
                        _ => return None,
                    }
                }
                let number = |symbol| match symbol {
                    Symbol::Operand(i) => operands.get(i).and_then(|id| self.value(*id, element)),
                    Symbol::Result(_) => self.value(edge.node, element),
                    Symbol::Cotangent(_) => self.cotangent(edge.node, element),
                };
                found.text = rule.write(|symbol| number(symbol).map_or("?".to_owned(), short));
            }
        }
        (found.text.chars().count() <= LONGEST).then_some(found)
    }

    /// The formula of an element with numbers, down to other statements.
    fn inner(&self, id: NodeId, element: usize, into: &mut Explanation, top: bool, depth: usize) -> Option<String> {
        let here = |id: NodeId| self.statement_of.get(id.index());
        let node = self.trace.node(id)?;
        if (!top && self.statements.get(*here(id)?).is_some_and(|statement| statement.root == id))
            || node.role() != Role::Computed
            || depth > 24
        {
            into.reads.push((id, element));
            return Some(short(self.value(id, element)?));
        }
        let operands = node.operands();
        let documentation = self.documentation(id)?;
        match (node.operation(), operands) {
            ("broadcast_to", [x]) => {
                self.inner(*x, broadcast(self.trace.node(*x)?.shape(), node.shape(), element), into, false, depth + 1)
            }
            ("reshape", [x]) => self.inner(*x, element, into, false, depth + 1),
            ("matmul", [a, b]) => {
                let Product { k, n, .. } = self.product(operands)?;
                let (i, j) = (element / n, element % n);
                let pairs: Vec<(usize, usize)> = (0..k).map(|l| (i * k + l, l * n + j)).collect();
                into.reads.extend(pairs.iter().flat_map(|(p, q)| [(*a, *p), (*b, *q)]));
                let numbers: Option<Vec<(F, F)>> =
                    pairs.iter().map(|(p, q)| Some((self.value(*a, *p)?, self.value(*b, *q)?))).collect();
                into.terms = terms(numbers?)?;
                Some(sum_text(&into.terms))
            }
            ("conv", [x, w]) => {
                let Window { terms: pairs } = Window::of(self, id, element)?;
                into.reads.extend(pairs.iter().flat_map(|(p, q)| [(*x, *p), (*w, *q)]));
                let numbers: Option<Vec<(F, F)>> =
                    pairs.iter().map(|(p, q)| Some((self.value(*w, *q)?, self.value(*x, *p)?))).collect();
                into.terms = terms(numbers?)?;
                Some(sum_text(&into.terms))
            }
            ("sum", [x]) if node.shape().size() == 1 => {
                let size = self.size(*x).filter(|size| *size <= MOST_TERMS)?;
                let texts: Option<Vec<String>> = (0..size).map(|i| self.inner(*x, i, into, false, depth + 1)).collect();
                let texts = texts?;
                let simple = texts.iter().all(|text| !text.contains(' '));
                Some(match simple {
                    true => joined(&texts),
                    false => texts.iter().map(|text| format!("({text})")).collect::<Vec<_>>().join(" + "),
                })
            }
            _ if documentation.elementwise || operands.iter().all(|id| self.size(*id) == Some(1)) => {
                let mut texts = BTreeMap::new();
                for (i, operand) in operands.iter().enumerate() {
                    texts.insert(i, self.inner(*operand, element, into, false, depth + 1)?);
                }
                Some(composed(&documentation.application, &texts))
            }
            _ => None,
        }
    }

    fn size(&self, id: NodeId) -> Option<usize> {
        self.trace.node(id).map(|node| node.shape().size())
    }

    fn value(&self, id: NodeId, element: usize) -> Option<F> {
        self.trace.at(self.trace.len()).value(id)?.iter().nth(element).copied()
    }

    fn cotangent(&self, id: NodeId, element: usize) -> Option<F> {
        self.trace.at(self.trace.len()).cotangent(id)?.iter().nth(element).copied()
    }

    /// The lengths of a product of matrices or vectors.
    fn product(&self, operands: &[NodeId]) -> Option<Product> {
        let [a, b] = operands else { return None };
        let (a, b) = (self.trace.node(*a)?.shape(), self.trace.node(*b)?.shape());
        match (&**a, &**b) {
            ([m, k], [_, n]) => Some(Product { k: *k, n: *n, m: *m }),
            ([m, k], [_]) => Some(Product { k: *k, n: 1, m: *m }),
            ([k], [_, n]) => Some(Product { k: *k, n: *n, m: 1 }),
            ([k], [_]) => Some(Product { k: *k, n: 1, m: 1 }),
            _ => None,
        }
    }
}

/// The element of an array of the shape `from` that stands at an element of one of the shape `to`, to which it is
/// repeated.
fn broadcast(from: &[usize], to: &[usize], element: usize) -> usize {
    let (mut rest, mut found, mut stride) = (element, 0, 1);
    for (i, length) in to.iter().enumerate().rev() {
        let at = rest % (*length).max(1);
        rest /= (*length).max(1);
        let own = (from.len() + i).checked_sub(to.len()).and_then(|axis| from.get(axis)).copied().unwrap_or(1);
        if own > 1 {
            found += at * stride;
        }
        stride *= own;
    }
    found
}

fn terms<F: Real>(pairs: Vec<(F, F)>) -> Option<Vec<Term>> {
    let term = |(a, b): &(F, F)| Term {
        text: format!("{}·{}", bracketed(&short(*a)), bracketed(&short(*b))),
        value: short(*a * *b),
    };
    (pairs.len() <= MOST_TERMS).then(|| pairs.iter().map(term).collect())
}

fn sum_text(terms: &[Term]) -> String {
    terms.iter().map(|term| term.text.clone()).collect::<Vec<_>>().join(" + ")
}

fn plain_sum<F: Real>(numbers: &[F]) -> String {
    joined(&numbers.iter().map(|x| short(*x)).collect::<Vec<_>>())
}

/// A sum, in which a negative number is subtracted.
fn joined(texts: &[String]) -> String {
    let mut sum = String::new();
    for text in texts {
        match (sum.is_empty(), text.strip_prefix('−')) {
            (true, _) => sum.push_str(text),
            (false, Some(magnitude)) => sum.extend([" − ", magnitude]),
            (false, None) => sum.extend([" + ", text]),
        }
    }
    sum
}

fn bracketed(number: &str) -> String {
    if number.starts_with('−') { format!("({number})") } else { number.to_owned() }
}

/// A formula with formulas for its symbols, in parentheses where they are needed.
fn composed(template: &Template, texts: &BTreeMap<usize, String>) -> String {
    let skeleton = template.write(|_| "x".to_owned());
    template.write(|symbol| {
        let Symbol::Operand(i) = symbol else { return "?".to_owned() };
        let text = texts.get(&i).cloned().unwrap_or_default();
        let outside = outside(&text);
        let (is_sum, is_product) = (outside.contains(' '), outside.contains(['·', '/']));
        let call = skeleton.contains("(x") || skeleton.contains(", x") || skeleton.starts_with('|');
        let wrap = match skeleton.as_str() {
            "x + x" => false,
            "x − x" => i == 1 && is_sum,
            "x·x" => is_sum || (i == 1 && text.contains('/')),
            "x/x" => is_sum || (i == 1 && is_product),
            _ => !call && (is_sum || is_product),
        };
        if wrap { format!("({text})") } else { text }
    })
}

/// A text without what stands in parentheses.
fn outside(text: &str) -> String {
    let mut depth = 0usize;
    let at_top = |c: &char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    };
    text.chars().filter(at_top).collect()
}
