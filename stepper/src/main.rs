//! The command `stepper`: a demonstration, a saved trace or a program as text, in the terminal, as a page or as text.

mod command_line;

use command_line::{Options, Show};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use stepper::{Error, Subject, Terminal};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = Options::of(&arguments).and_then(|options| run(&options)).and_then(|text| {
        match io::stdout().write_all(text.as_bytes()) {
            // Whoever reads has heard enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| error.to_string()),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<String, String> {
    match &options.show {
        Show::Help => return Ok(command_line::USAGE.to_owned()),
        Show::Demos => return Ok(command_line::demos()),
        Show::Pages(folder) => return command_line::pages(folder),
        _ => {}
    }
    command_line::with_run(options, &Shown { options })
}

struct Shown<'o> {
    options: &'o Options,
}

impl command_line::Visitor for Shown<'_> {
    fn show<S: Subject>(&self, subject: &S, title: &str) -> Result<String, String> {
        let options = self.options;
        let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let terminal = Terminal::new().colours(colours).title(title).at(options.at);
        let text = |error: Error| error.to_string();
        match &options.show {
            Show::Page(path) => {
                let page = stepper::html(subject, title).map_err(|error| error.to_string())?;
                std::fs::write(path, page).map_err(|error| format!("{path}: {error}"))?;
                Ok(String::new())
            }
            Show::Compare(path) => {
                let run = subject.run().map_err(|error| error.to_string())?;
                command_line::compare(&run, path, options.tolerance)
            }
            Show::Trace(path) => stepper::save(subject, path).map(|()| String::new()).map_err(text),
            Show::Frame(columns, rows) => terminal.frame(subject, (*columns, *rows)).map_err(text),
            Show::Script(script) => terminal.script(subject, script).map_err(text),
            Show::Screen if io::stdout().is_terminal() && io::stdin().is_terminal() => {
                terminal.open(subject).map(|()| String::new()).map_err(text)
            }
            _ => stepper::listing(subject).map_err(|error| error.to_string()),
        }
    }
}
