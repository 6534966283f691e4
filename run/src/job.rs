//! What is done with a program.

use super::Failure;
use super::options::{Options, Precision};
use super::results::{self, Result as Computed};
use super::values::{self, Slot};
use super::weights::Weights;
use autodiff::check::{self, Verdict};
use autodiff::inspect::{Stepper, Trace};
use autodiff::{Arg, Input, Program, Real, Registry, Tape, Var, text};
use std::io::Write;

/// The file whose lines stand in errors as those of the inputs; whoever wrote the text learns nothing from them.
pub(crate) const FILE: &str = file!();

pub(crate) fn run(options: &Options, text: &str, out: &mut dyn Write) -> Result<(), Failure> {
    // The header says what the numbers are: `program 2 f32`.
    let header =
        text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()).find(|line| !line.is_empty());
    let single = header.is_some_and(|line| line.split_whitespace().nth(2) == Some("f32"));
    let weights = options.weights.as_deref().map(Weights::read).transpose()?;
    match (single, options.precision) {
        (false, None | Some(Precision::F64)) => with(options, parse::<f64>(options, &weights, text)?, &weights, out),
        (false, Some(Precision::F32)) => {
            with(options, parse::<f64>(options, &weights, text)?.cast::<f32>(&Registry::standard())?, &weights, out)
        }
        (true, Some(Precision::F64)) => {
            with(options, parse::<f32>(options, &weights, text)?.cast::<f64>(&Registry::standard())?, &weights, out)
        }
        (true, None | Some(Precision::F32)) => with(options, parse::<f32>(options, &weights, text)?, &weights, out),
    }
}

/// The program. The length of its open axes is that of `--n`, or else the number of rows of the values: of several
/// numbers the first with which all values fit.
fn parse<F: Real>(options: &Options, weights: &Option<Weights>, text: &str) -> Result<Program<F>, Failure> {
    let registry = Registry::standard();
    if !text::has_free_axes(text)? {
        return match options.n {
            None => Ok(Program::parse(text, &registry)?),
            Some(_) => {
                Err(Failure::Usage("--n is the length of axes that a program leaves open; this one has none".into()))
            }
        };
    }
    if let Some(n) = options.n {
        return Ok(Program::parse_with(text, &registry, n)?);
    }
    let mut refused = None;
    for n in values::rows(&options.values)? {
        let program = Program::parse_with(text, &registry, n)?;
        match values::bind::<F>(&values::slots(&program), &options.values, weights.as_ref()) {
            Ok(_) => return Ok(program),
            Err(failure) => refused = refused.or(Some(failure)),
        }
    }
    Err(refused.unwrap_or_else(|| {
        let message = "the program leaves the length `n` of some axes open: give values that have rows, or --n";
        Failure::Usage(message.into())
    }))
}

fn with<F: Real>(
    options: &Options,
    program: Program<F>,
    weights: &Option<Weights>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let slots = values::slots(&program);
    let names = output_names(&program);
    let wanted = wanted(options, &slots)?;
    if options.print || options.jax {
        let shown = match options.gradient.is_empty() {
            true => program,
            false => gradient(&program, chosen(options, &names)?, &names, &wanted)?,
        };
        let text = if options.jax { autodiff_jax::source(&shown)? } else { shown.to_text() };
        return Ok(out.write_all(text.as_bytes())?);
    }

    let inputs = values::bind(&slots, &options.values, weights.as_ref())?;
    let output = |(name, value): (&String, _)| Computed { kind: "outputs", name: name.clone(), value };
    let mut computed: Vec<Computed<F>> = names.iter().zip(program.run(&inputs)?).map(output).collect();
    let tape = Tape::new();
    let recorded = !options.tangent.is_empty() || options.step;
    let (args, outputs) = match recorded {
        true => record(&tape, &program, &slots, &inputs)?,
        false => Default::default(),
    };
    if !wanted.is_empty() {
        let of = chosen(options, &names)?;
        let gradient = gradient(&program, of, &names, &wanted)?;
        for (i, value) in wanted.iter().zip(gradient.run(&inputs)?) {
            let name = format!("∂{}/∂{}", names[of], slots[*i].label());
            computed.push(Computed { kind: "gradients", name, value });
        }
    }
    if !options.tangent.is_empty() {
        let directions = directions(options, &tape, &slots, &args)?;
        for (name, y) in names.iter().zip(&outputs) {
            let value = y.pushforward(&directions)?.value()?;
            computed.push(Computed { kind: "tangents", name: format!("d{name}"), value });
        }
    }
    let text = if options.json { results::json(&computed) } else { results::lines(&computed) };
    out.write_all(text.as_bytes())?;
    if options.step {
        step(&steps(options, &program, &names, &tape, &outputs, &inputs)?, out)?;
    }
    if options.check {
        check(&program, &inputs, out)?;
    }
    Ok(())
}

/// The names of the outputs; one without a name is called by its number.
fn output_names<F: Real>(program: &Program<F>) -> Vec<String> {
    let ids = program.output_ids().iter().enumerate();
    ids.map(|(i, id)| match program.node(*id).and_then(|node| node.name()) {
        Some(name) => name.to_owned(),
        None => format!("output {i}"),
    })
    .collect()
}

/// The inputs a gradient is asked for.
fn wanted(options: &Options, slots: &[Slot]) -> Result<Vec<usize>, Failure> {
    let mut wanted = Vec::new();
    for name in &options.gradient {
        match name.as_str() {
            "all" => wanted.extend((0..slots.len()).filter(|i| slots[*i].wants_gradient())),
            name => wanted.push(real(slots, name)?),
        }
    }
    match wanted.is_empty() && !options.gradient.is_empty() {
        true => Err(Failure::Usage("the program has no `input` to take a gradient with respect to".into())),
        false => Ok(wanted),
    }
}

fn real(slots: &[Slot], name: &str) -> Result<usize, Failure> {
    let i = values::find(slots, name)?;
    match slots[i].is_real() {
        true => Ok(i),
        false => Err(Failure::Usage(format!("there is no derivative along `{name}`, which is no array of reals"))),
    }
}

/// Records the program on a tape.
fn record<'t, F: Real>(
    tape: &'t Tape<F>,
    program: &Program<F>,
    slots: &[Slot],
    inputs: &[Input<F>],
) -> Result<(Vec<Arg<'t, F>>, Vec<Var<'t, F>>), Failure> {
    let mut args: Vec<Arg<'t, F>> = Vec::new();
    for (slot, input) in slots.iter().zip(inputs) {
        let place = || match input {
            Input::Real(x) if slot.wants_gradient() => Arg::Real(named(tape.input(x), slot, Var::named)),
            Input::Real(x) => Arg::Real(named(tape.data(x), slot, Var::named)),
            Input::Index(x) => Arg::Index(named(tape.index(x.clone()), slot, autodiff::Index::named)),
            Input::Key(x) => Arg::Key(named(tape.key(*x), slot, autodiff::Key::named)),
        };
        args.push(if slot.scope.is_empty() { place() } else { tape.scope(&slot.scope, place) });
    }
    let outputs = program.record(tape, &args)?;
    Ok((args, outputs))
}

fn named<T>(handle: T, slot: &Slot, name: impl Fn(T, &str) -> T) -> T {
    match &slot.name {
        Some(text) => name(handle, text),
        None => handle,
    }
}

/// The program of the gradient of output `of`.
fn gradient<F: Real>(
    program: &Program<F>,
    of: usize,
    names: &[String],
    wanted: &[usize],
) -> Result<Program<F>, Failure> {
    let node = program.output_ids().get(of).and_then(|id| program.node(*id));
    if let Some(node) = node.filter(|node| node.shape().size() != 1) {
        let message = format!(
            "a gradient is of one number, and `{}` is {}; sum it in the program, or ask for the derivative along a \
             direction, with --tangent",
            names[of],
            node.type_name()
        );
        return Err(Failure::Usage(message));
    }
    Ok(program.returning(&[of])?.grad(wanted)?)
}

/// The number of the output that is differentiated.
fn chosen(options: &Options, names: &[String]) -> Result<usize, Failure> {
    let list = || names.join(", ");
    let found = match &options.of {
        None if names.len() == 1 => Some(0),
        None => return Err(Failure::Usage(format!("say which output is differentiated, with --of: {}", list()))),
        Some(of) => names.iter().position(|name| name == of).or_else(|| of.parse().ok()),
    };
    found.filter(|i| *i < names.len()).ok_or_else(|| {
        let of = options.of.as_deref().unwrap_or_default();
        Failure::Usage(format!("there is no output `{of}`; there are: {}", list()))
    })
}

fn directions<'t, F: Real>(
    options: &Options,
    tape: &'t Tape<F>,
    slots: &[Slot],
    args: &[Arg<'t, F>],
) -> Result<Vec<(Var<'t, F>, Var<'t, F>)>, Failure> {
    let mut directions = Vec::new();
    let mut given = Vec::new();
    for (name, text) in &options.tangent {
        let i = real(slots, name)?;
        if given.contains(&i) {
            return Err(Failure::Usage(format!("`{name}` has two directions")));
        }
        given.push(i);
        if let (Some(Arg::Real(x)), Input::Real(direction)) = (args.get(i), values::value(&slots[i], text)?) {
            directions.push((*x, tape.data(direction)));
        }
    }
    Ok(directions)
}

/// The run as events: forwards and back where there is one output to go back from, else forwards.
fn steps<F: Real>(
    options: &Options,
    program: &Program<F>,
    names: &[String],
    tape: &Tape<F>,
    outputs: &[Var<'_, F>],
    inputs: &[Input<F>],
) -> Result<Trace<F>, Failure> {
    if names.len() != 1 && options.of.is_none() {
        return Ok(Trace::forward(program, inputs)?);
    }
    let y = outputs[chosen(options, names)?];
    match y.shape()?.size() {
        1 if names.len() == 1 => Ok(Trace::new(program, inputs)?),
        1 => Ok(Trace::new(&tape.program(&[y])?, inputs)?),
        _ => Ok(Trace::forward(program, inputs)?),
    }
}

fn step<F: Real>(trace: &Trace<F>, out: &mut dyn Write) -> Result<(), Failure> {
    let mut stepper = Stepper::new(trace);
    writeln!(out)?;
    while stepper.step().is_some() {
        writeln!(out, "{:>5}  {}", stepper.time(), stepper.state().sentence())?;
    }
    Ok(write!(out, "\n{}", stepper.state())?)
}

/// Finite differences need the digits of double precision, whatever the program computes in; what single precision
/// makes of the derivative is compared with that.
fn check<F: Real>(program: &Program<F>, inputs: &[Input<F>], out: &mut dyn Write) -> Result<(), Failure> {
    let report = check::in_double(program, inputs, &Registry::standard())?;
    writeln!(out, "{report}")?;
    match report.verdict() {
        Verdict::Fail(_) => Err(Failure::Other("the derivatives are not those that the check found".into())),
        Verdict::Unchecked(reason) => Ok(writeln!(out, "unchecked: {reason}")?),
        Verdict::Pass => Ok(()),
    }
}
