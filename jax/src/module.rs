//! A program as a module.

use crate::application::{Application, refused, results};
use crate::sums::{self, Sums};
use crate::{bounds, families, literal, prelude};
use autodiff::primitive::{Kernel, Kind};
use autodiff::{Error, ErrorKind, NodeView, Program, Real, Result, Shape};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write};

/// What writes one application of a primitive: an expression of Python, a tuple where there are several results.
pub type Emission<F> = dyn Fn(&Application<'_, F>) -> Result<String> + Send + Sync;

/// The program as a Python module for JAX: see [`Emitter::source`].
///
/// # Errors
/// As [`Emitter::source`].
pub fn source<F: Real>(program: &Program<F>) -> Result<String> {
    Emitter::new().source(program)
}

/// Writes programs as Python modules: all primitives of this engine, and those that emissions were given for.
///
/// ```
/// use autodiff::prelude::*;
/// use autodiff::primitive::*;
/// # #[derive(Debug)]
/// # struct Double;
/// # impl<F: Real> Primitive<F> for Double {
/// #     fn name(&self) -> &'static str { "doc::double" }
/// #     fn formula(&self) -> &'static str { "y = 2x" }
/// #     fn kernel(&self, _: &[&Shape]) -> Kernel<F> { Kernel::elementwise(|[x]| x + x) }
/// # }
/// use autodiff_jax::{Emitter, source};
///
/// let tape = Tape::<f64>::new();
/// let program = tape.program(&[tape.input(1.0).named("x").apply(&Double)])?;
/// let error = source(&program).unwrap_err();
/// assert_eq!(error.message(), "the primitive `doc::double` has no emission for JAX");
///
/// let emitter = Emitter::new().with("doc::double", |at| Ok(format!("{x} + {x}", x = at.x(0))));
/// assert!(emitter.source(&program)?.contains("v1 = x + x"));
/// # Ok::<(), autodiff::Error>(())
/// ```
pub struct Emitter<F: Real> {
    own: BTreeMap<&'static str, Box<Emission<F>>>,
    highest: bool,
}

impl<F: Real> Default for Emitter<F> {
    fn default() -> Self {
        Emitter::new()
    }
}

impl<F: Real> fmt::Debug for Emitter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Emitter {{ own: {:?} }}", self.own.keys().collect::<Vec<_>>())
    }
}

impl<F: Real> Emitter<F> {
    /// All primitives of this engine; products at the highest precision of the device.
    pub fn new() -> Self {
        Emitter { own: BTreeMap::new(), highest: true }
    }

    /// Products and convolutions in the device's own precision, which is less than that of the numbers on most
    /// accelerators (TF32 on GPUs, bfloat16 on TPUs) and faster.
    pub fn in_device_precision(self) -> Self {
        Emitter { highest: false, ..self }
    }

    /// With an emission for the primitive `name`: one that is defined outside this engine, or another one for one of its own.
    /// It is written with the names that a module imports, `jax`, `jnp`, `lax` and `np`; `F` is the type of real numbers, `I`
    /// that of indices.
    pub fn with(
        mut self,
        name: &'static str,
        emission: impl Fn(&Application<'_, F>) -> Result<String> + Send + Sync + 'static,
    ) -> Self {
        self.own.insert(name, Box::new(emission));
        self
    }

    /// The program as a Python module: the function `program`, with one line for each node, names and scopes beside it;
    /// `INPUTS` and `OUTPUTS`, their names, kinds and shapes; `BOUNDS`, what indices among the inputs have to be less than;
    /// `check`, which looks at arguments on the host; and `run`, which checks, compiles and runs.
    ///
    /// # Errors
    /// [`ErrorKind::Registry`](autodiff::ErrorKind::Registry) for a primitive without an emission, with the line where it was
    /// recorded.
    pub fn source(&self, program: &Program<F>) -> Result<String> {
        let mut bodies = Bodies { emitter: self, functions: String::new(), count: 0 };
        let main = bodies.function("program", program, &Sums::default())?;
        let functions = bodies.functions + &main;
        let (helpers, end) = prelude::needed(&functions);
        let inputs = program.input_ids().iter().filter_map(|id| program.node(*id));
        let outputs = program.output_ids().iter().filter_map(|id| program.node(*id));
        let bounds = bounds::of(program).into_iter().map(|(i, bound)| format!("{i}: {bound}")).collect::<Vec<_>>();
        let mut module = format!(
            "\"\"\"A program of {} nodes, written by autodiff-jax {} for JAX.\"\"\"\n\n{HEADER}\n",
            program.len(),
            env!("CARGO_PKG_VERSION")
        );
        let precision = if self.highest { "HIGHEST" } else { "DEFAULT" };
        let real = if F::NAME == "f32" { "np.float32" } else { "np.float64" };
        // Writing to a string cannot fail.
        _ = write!(
            module,
            "jax.config.update(\"jax_enable_x64\", True)\nF = {real}  # reals\nI = np.int32  # indices\n\
             PRECISION = lax.Precision.{precision}  # of products\n\n\
             # Name, kind and shape of each input and output, and what indices are less than.\n\
             INPUTS = {}\nOUTPUTS = {}\nBOUNDS = {{{}}}\n\n\n{helpers}{functions}{end}",
            table(inputs),
            table(outputs),
            bounds.join(", ")
        );
        Ok(module)
    }
}

const HEADER: &str = "import jax\nimport jax.numpy as jnp\nimport numpy as np\nfrom jax import lax\n";

/// A list of names, kinds and shapes.
fn table<'a, F: Real>(nodes: impl Iterator<Item = NodeView<'a, F>>) -> String {
    let line = |node: NodeView<'a, F>| {
        let kind = match node.kind() {
            Kind::Real => "real",
            Kind::Index => "index",
            Kind::Key => "key",
        };
        let name = literal::quoted(node.name().unwrap_or_default());
        format!("    ({name}, \"{kind}\", {}),\n", literal::tuple(node.shape()))
    };
    let lines: String = nodes.map(line).collect();
    if lines.is_empty() { "[]".into() } else { format!("[\n{lines}]") }
}

/// Writes functions, those of bodies before those that call them.
struct Bodies<'e, F: Real> {
    emitter: &'e Emitter<F>,
    functions: String,
    count: usize,
}

impl<F: Real> Bodies<'_, F> {
    /// A function that takes the inputs of a program, and returns a tuple of its outputs; without the carries that are summed
    /// behind the loop, if it is the body of one.
    fn function(&mut self, name: &str, program: &Program<F>, sums: &Sums) -> Result<String> {
        let mut variables = Variables::default();
        let inputs = sums.kept(program.input_ids(), 1).filter_map(|id| program.node(id));
        let parameters: Vec<String> = inputs.map(|node| variables.add(&node)).collect();
        let mut text = format!("def {name}({}):\n", parameters.join(", "));
        let nodes: Vec<NodeView<'_, F>> = program.nodes().collect();
        for (at, node) in nodes.iter().enumerate().filter(|(_, node)| !sums.left_out.contains(&node.id())) {
            let results = results(nodes.get(at..).unwrap_or_default());
            let expression = match node.operation() {
                "input" | "data" | "index" | "key" => {
                    _ = writeln!(text, "    # {}", described(&variables.get(node), node));
                    continue;
                }
                "result" => continue,
                "constant" => constant(node)?,
                _ => self.application(program, &results, &variables)?,
            };
            let names: Vec<String> = results.iter().map(|node| variables.add(node)).collect();
            let comment: Vec<String> =
                names.iter().zip(&results).map(|(name, node)| described_without(name, node)).collect();
            let scope =
                if node.scope().is_empty() { String::new() } else { format!("  in {}", one_line(node.scope())) };
            _ = writeln!(text, "    {} = {expression}  # {}{scope}", names.join(", "), comment.join(", "));
        }
        let outputs = sums.kept(program.output_ids(), 0).chain(sums.rows.iter().copied());
        let outputs = outputs.filter_map(|id| program.node(id)).map(|node| variables.get(&node));
        _ = writeln!(text, "    return {}\n\n", literal::list_in_tuple(outputs));
        Ok(text)
    }

    /// The expression of the application with these results.
    fn application<'p>(
        &mut self,
        program: &'p Program<F>,
        results: &[NodeView<'p, F>],
        variables: &Variables,
    ) -> Result<String> {
        let Some((node, primitive)) = results.first().and_then(|node| Some((node, node.primitive()?))) else {
            return Err(Error::new(ErrorKind::Registry, "jax", "a node holds an error"));
        };
        let operands: Vec<NodeView<'_, F>> = node.operands().iter().filter_map(|id| program.node(*id)).collect();
        let shapes: Vec<&Shape> = operands.iter().map(NodeView::shape).collect();
        let sums = match (primitive.kernel(&shapes), primitive.bodies()) {
            // An emission of its own counts on the body as it was recorded.
            (Kernel::Scan(steps), [body]) if !self.emitter.own.contains_key(primitive.name()) => sums::of(body, &steps),
            _ => None,
        };
        let mut names = Vec::new();
        for body in primitive.bodies() {
            self.count += 1;
            let name = format!("body_{}", self.count);
            let function = self.function(&name, body, sums.as_ref().unwrap_or(&Sums::default()))?;
            self.functions.push_str(&function);
            names.push(name);
        }
        let at = Application {
            node: *node,
            primitive,
            names: operands.iter().map(|node| variables.get(node)).collect(),
            operands,
            results: results.to_vec(),
            bodies: names,
            sums,
            attributes: primitive.attributes(),
        };
        if let Some(emission) = self.emitter.own.get(at.name()) {
            return emission(&at);
        }
        if let Some([a, b, axes]) = merged(program, &at, variables) {
            return Ok(format!("jnp.tensordot({a}, {b}, axes=({axes}, {axes}), precision=PRECISION)"));
        }
        if let Some(expression) = families::expression(&at) {
            return expression;
        }
        match at.kernel() {
            // A composition with a rule of its own is its composition.
            Kernel::Program => Ok(format!("{}[0]", at.call(at.body(0)?))),
            _ => {
                let name = at.name();
                let error = at.refused(format!("the primitive `{name}` has no emission for JAX"));
                Err(error.with_help(format!("give it one: `Emitter::new().with(\"{name}\", |at| …).source(&program)`")))
            }
        }
    }
}

/// A product aᵀ·b of matrices whose rows were several axes before, as the gradients of weights have it: the variables of those
/// arrays, and the axes that are summed over. With the axes apart, a sum over a batch that lies on several devices is one sum over
/// the devices; to make one axis of them, XLA gathers the batch first where it is not the leading one.
fn merged<F: Real>(program: &Program<F>, at: &Application<'_, F>, variables: &Variables) -> Option<[String; 3]> {
    let before = |node: &NodeView<'_, F>| node.operands().first().and_then(|id| program.node(*id));
    let ("matmul", [a, b]) = (at.name(), at.operands.as_slice()) else { return None };
    if a.operation() != "transpose" || a.attributes().list("axes").ok()? != [1, 0] {
        return None;
    }
    let a = before(a).filter(|a| a.operation() == "reshape")?;
    let (whole_a, whole_b) = (before(&a)?, Some(b).filter(|b| b.operation() == "reshape").and_then(before)?);
    let ([lead @ .., k], [other @ .., n]) = (&**whole_a.shape(), &**whole_b.shape()) else { return None };
    let rows = lead.iter().product();
    if lead.len() < 2 || lead != other || **a.shape() != [rows, *k] || **b.shape() != [rows, *n] {
        return None;
    }
    let axes: Vec<usize> = (0..lead.len()).collect();
    Some([variables.get(&whole_a), variables.get(&whole_b), literal::tuple(&axes)])
}

/// The number, or the array, that a node stands for.
fn constant<F: Real>(node: &NodeView<'_, F>) -> Result<String> {
    if let Some(indices) = node.index_constant() {
        let list = literal::nested(&indices.view(), &|i: &usize| i.to_string());
        return Ok(format!("jnp.asarray(np.array({list}, I).reshape({}))", literal::tuple(node.shape())));
    }
    let Some(array) = node.constant() else {
        return Err(refused(node, "constant", "there is no memory for the array"));
    };
    let shape = literal::tuple(node.shape());
    let first = array.first().copied();
    let bits = |x: F| x.double().to_bits();
    Ok(match first {
        Some(first) if array.iter().all(|x| bits(*x) == bits(first)) => {
            format!("jnp.full({shape}, {}, F)", literal::number(first))
        }
        _ => {
            let list = literal::nested(&array.view(), &|x: &F| literal::number(*x));
            format!("jnp.asarray(np.array({list}, F).reshape({shape}))")
        }
    })
}

/// The variables that nodes are: their own names where these are names of Python and belong to one node alone.
#[derive(Default)]
struct Variables {
    of: BTreeMap<usize, String>,
    taken: BTreeSet<String>,
}

impl Variables {
    fn add<F: Real>(&mut self, node: &NodeView<'_, F>) -> String {
        let own = node.name().filter(|name| literal::is_identifier(name) && !self.taken.contains(*name));
        let name = own.map_or_else(|| format!("v{}", node.id().index()), str::to_owned);
        self.taken.insert(name.clone());
        self.of.insert(node.id().index(), name.clone());
        name
    }

    fn get<F: Real>(&self, node: &NodeView<'_, F>) -> String {
        self.of.get(&node.id().index()).cloned().unwrap_or_else(|| "None".into())
    }
}

/// `x: f64[2] "the name"`.
fn described<F: Real>(variable: &str, node: &NodeView<'_, F>) -> String {
    format!("{variable}: {}", described_without(variable, node))
}

/// The type, and the name where the variable is not called so.
fn described_without<F: Real>(variable: &str, node: &NodeView<'_, F>) -> String {
    match node.name().filter(|name| *name != variable) {
        Some(name) => format!("{} `{}`", node.type_name(), one_line(name)),
        None => node.type_name(),
    }
}

/// A text without what would end a comment.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '\u{2028}' || c == '\u{2029}' { ' ' } else { c }).collect()
}
