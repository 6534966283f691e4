//! The stepper from the shell: `stepper two-layers --html page.html`.

use autodiff::inspect::Trace;
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
stepper: watch a program and its derivative run, forwards and back

  stepper NAME|FILE            list the events of a demonstration or of a saved trace
  stepper NAME|FILE --html F   write the page to the file F
  stepper NAME --save F        save the trace to the file F
  stepper --demos              name the demonstrations
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<String, String> {
    let mut rest = arguments.iter().map(String::as_str);
    match rest.next() {
        None | Some("--help" | "-h") => Ok(USAGE.to_owned()),
        Some("--demos") => {
            let line = |demo: &stepper::demo::Demo| format!("{:22} {}\n", demo.name, demo.title);
            Ok(stepper::demo::ALL.iter().map(line).collect())
        }
        Some(subject) => {
            let (trace, title) = open(subject)?;
            let options: Vec<&str> = rest.collect();
            let file = |path: &str| PathBuf::from(path);
            match options.as_slice() {
                [] => Ok(stepper::listing(&trace)),
                ["--html", path] => {
                    std::fs::write(file(path), stepper::html(&trace, &title))
                        .map_err(|error| format!("{path}: {error}"))?;
                    Ok(String::new())
                }
                ["--save", path] => {
                    stepper::save(&trace, file(path)).map_err(|error| format!("{path}: {error}"))?;
                    Ok(String::new())
                }
                _ => Err(USAGE.to_owned()),
            }
        }
    }
}

/// A demonstration by its name, or a trace from a file, with its title.
fn open(subject: &str) -> Result<(Trace<f64>, String), String> {
    if let Some(demo) = stepper::demo::find(subject) {
        return Ok((demo.trace().map_err(|error| error.to_string())?, demo.title.to_owned()));
    }
    let bytes = std::fs::read(subject).map_err(|error| {
        format!("{subject}: no demonstration is called so, and no file can be read: {error}\n`stepper --demos` names the demonstrations")
    })?;
    let trace = Trace::from_bytes(&bytes).map_err(|error| format!("{subject}: {error}"))?;
    Ok((trace, subject.to_owned()))
}
