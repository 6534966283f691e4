//! The command line: what is to be shown, and how.

use autodiff::inspect::Trace;
use autodiff::{Input, Kind, Program, Real, Registry, text};
use std::fs;
use stepper::Subject;

pub const USAGE: &str = "\
stepper: watch a program and its derivative run, forwards and back

  stepper WHAT             opens it in the terminal, where k lists the keys; if the output is no terminal, lists it
  stepper WHAT --html F    writes the page to the file F
  stepper WHAT --save F    writes the trace to the file F
  stepper WHAT --list      lists the events, and the program with its values
  stepper WHAT --compare F names the first operation whose numbers differ from those of the saved trace F, by more than
                           --tolerance T of the larger if that is given (1e-6 for single against double precision)
  stepper --demos          names the demonstrations
  stepper --pages FOLDER   writes the pages of all demonstrations

WHAT is one of
  NAME                     a demonstration
  FILE                     a saved trace
  FILE x=3 'w=[1, 2]'      a program as text, with the values of its inputs by name or id; its first output is gone
                           back from if it is a number

without a terminal
  --script COMMANDS        does them and prints what they say, such as 'b nan; c; p %9'
  --frame 100x30           prints the screen of so many columns and rows
  --at T                   begins after T events (in the terminal, too)

NO_COLOR, if it is set and not empty, does without colours.
";

/// How it is shown.
pub enum Show {
    Help,
    Demos,
    Pages(String),
    Screen,
    List,
    Compare(String),
    Page(String),
    Trace(String),
    Script(String),
    Frame(u16, u16),
}

pub struct Options {
    pub show: Show,
    pub at: usize,
    /// How far numbers of two runs may differ, relative to the larger.
    pub tolerance: f64,
    what: String,
    values: Vec<(String, String)>,
}

impl Options {
    pub fn of(arguments: &[String]) -> Result<Options, String> {
        let mut options =
            Options { show: Show::Screen, at: 0, tolerance: 0.0, what: String::new(), values: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let mut value = || rest.next().cloned().ok_or_else(|| format!("{argument} needs a value\n\n{USAGE}"));
            match argument.as_str() {
                "--help" | "-h" => options.show = Show::Help,
                "--demos" => options.show = Show::Demos,
                "--pages" => options.show = Show::Pages(value()?),
                "--compare" => options.show = Show::Compare(value()?),
                "--tolerance" => {
                    let given = value()?;
                    let tolerance = given.parse().ok().filter(|tolerance| *tolerance >= 0.0);
                    options.tolerance = tolerance.ok_or_else(|| format!("`{given}` is no tolerance, such as 1e-6"))?;
                }
                "--list" => options.show = Show::List,
                "--html" => options.show = Show::Page(value()?),
                "--save" => options.show = Show::Trace(value()?),
                "--script" => options.show = Show::Script(value()?),
                "--frame" => {
                    let size = value()?;
                    let sides = size.split_once('x').and_then(|(c, r)| Some((c.parse().ok()?, r.parse().ok()?)));
                    let (columns, rows) = sides.ok_or_else(|| format!("`{size}` is no size, such as 100x30"))?;
                    options.show = Show::Frame(columns, rows);
                }
                "--at" => {
                    let time = value()?;
                    options.at = time.parse().map_err(|_| format!("`{time}` is not a number of events"))?;
                }
                option if option.starts_with('-') => return Err(format!("there is no option {option}\n\n{USAGE}")),
                what if options.what.is_empty() => options.what = what.to_owned(),
                given => match given.split_once('=') {
                    Some((name, value)) => options.values.push((name.trim().to_owned(), value.to_owned())),
                    None => return Err(format!("`{given}` is no value of an input, such as x=3\n\n{USAGE}")),
                },
            }
        }
        if options.what.is_empty() && !matches!(options.show, Show::Demos | Show::Pages(_)) {
            options.show = Show::Help;
        }
        Ok(options)
    }
}

/// The demonstrations by name.
pub fn demos() -> String {
    stepper::demo::ALL.iter().map(|demo| format!("{:22} {}\n", demo.name, demo.title)).collect()
}

/// Writes the page of each demonstration to a folder.
pub fn pages(folder: &str) -> Result<String, String> {
    let wrong = |error: &dyn std::fmt::Display| format!("{folder}: {error}");
    fs::create_dir_all(folder).map_err(|error| wrong(&error))?;
    for demo in stepper::demo::ALL {
        let page = stepper::html(&demo, demo.title).map_err(|error| wrong(&error))?;
        let path = std::path::Path::new(folder).join(format!("{}.html", demo.name));
        fs::write(path, page).map_err(|error| wrong(&error))?;
    }
    Ok(format!("{} pages are in {folder}\n", stepper::demo::ALL.len()))
}

/// The first difference of a run from the trace in a file, in a sentence.
pub fn compare<F: Real>(run: &Trace<F>, path: &str, tolerance: f64) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let found = match (Trace::<f64>::from_bytes(&bytes), Trace::<f32>::from_bytes(&bytes)) {
        (Ok(other), _) => run.first_difference(&other, tolerance),
        (_, Ok(other)) => run.first_difference(&other, tolerance),
        (Err(error), _) => return Err(format!("{path}: {error}")),
    };
    Ok(found.map_or_else(
        || format!("no number differs by more than {tolerance} of the larger\n"),
        |difference| format!("{difference}\n"),
    ))
}

/// What is done with a run, whatever its precision.
pub trait Visitor {
    fn show<S: Subject>(&self, subject: &S, title: &str) -> Result<String, String>;
}

/// Shows what the command line names: a demonstration, a trace from a file, or the run of a program as text.
pub fn with_run(options: &Options, visitor: &impl Visitor) -> Result<String, String> {
    let what = &options.what;
    if let Some(demo) = stepper::demo::find(what) {
        return visitor.show(demo, demo.title);
    }
    let bytes = fs::read(what).map_err(|error| {
        format!("{what}: there is no demonstration of this name (--demos names them), and no file is read: {error}")
    })?;
    let wrong = |error: autodiff::Error| format!("{what}: {error}");
    if bytes.starts_with(b"autodiff trace") {
        return match (Trace::<f64>::from_bytes(&bytes), Trace::<f32>::from_bytes(&bytes)) {
            (Ok(trace), _) => visitor.show(&trace, what),
            (_, Ok(trace)) => visitor.show(&trace, what),
            (Err(error), _) => Err(wrong(error)),
        };
    }
    let source = String::from_utf8(bytes).map_err(|_| format!("{what} is neither a trace nor a program as text"))?;
    match Program::<f64>::parse(&source, &Registry::standard()) {
        Ok(program) => visitor.show(&run(&program, &options.values)?, what),
        Err(double) => match Program::<f32>::parse(&source, &Registry::standard()) {
            Ok(program) => visitor.show(&run(&program, &options.values)?, what),
            Err(_) => Err(wrong(double)),
        },
    }
}

/// Runs a program on values, and goes back from its first output if that is a number.
fn run<F: Real>(program: &Program<F>, values: &[(String, String)]) -> Result<Trace<F>, String> {
    let mut inputs = Vec::new();
    let mut used = 0;
    for id in program.input_ids() {
        let Some(node) = program.node(*id) else { continue };
        let label = node.name().map_or_else(|| id.to_string(), str::to_owned);
        let full = format!("{}.{label}", node.scope());
        let called = |name: &String| *name == label || *name == full || *name == id.to_string();
        let missing = || format!("a value is missing for {label} : {}; give it as {label}=…", node.type_name());
        let (_, value) = values.iter().find(|(name, _)| called(name)).ok_or_else(missing)?;
        used += 1;
        inputs.push(input(node.kind(), node.shape(), value).map_err(|reason| format!("{label}={value}: {reason}"))?);
    }
    if used < values.len() {
        let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
        return Err(format!("of {}, not all are inputs of the program, or one is given twice", names.join(", ")));
    }
    let number = matches!(program.outputs().collect::<Vec<_>>().as_slice(), [(_, shape)] if shape.size() == 1);
    let trace = if number { Trace::new(program, &inputs) } else { Trace::forward(program, &inputs) };
    trace.map_err(|error| error.to_string())
}

/// The value of an input; a number fills an array of any shape.
fn input<F: Real>(kind: Kind, shape: &[usize], value: &str) -> Result<Input<F>, String> {
    if kind == Kind::Key {
        return value.trim().parse().map(Input::Key).map_err(|_| "a key is a non-negative integer".to_owned());
    }
    let array = text::array::<f64>(value).map_err(|error| error.to_string())?;
    let array = array.broadcast(shape).ok_or_else(|| format!("it has shape {:?}, not {shape:?}", array.shape()))?;
    match kind {
        Kind::Index => match array.iter().all(|x| *x >= 0.0 && x.fract() == 0.0) {
            true => Ok(Input::Index(array.mapv(|x| x as usize))),
            false => Err("an index is a non-negative integer".to_owned()),
        },
        _ => Ok(Input::Real(array.mapv(F::of))),
    }
}
