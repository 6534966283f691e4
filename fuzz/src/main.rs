//! Random texts of programs, or random calls, for a given time: see `USAGE`, and `oracle` and `calls` for the
//! properties that are checked.

use fuzz::{Tally, calls, oracle, search, shrink};
use std::process::ExitCode;
use std::time::Duration;

const USAGE: &str = "usage: fuzz [options]          changes valid texts at random and checks what can still be read
       fuzz --calls [options]   makes random calls of the public interface instead, some dozens in each case
       fuzz --text FILE         checks one text
  --seconds S      for how long: 10 unless given
  --cases N        how many texts or cases, whatever the time
  --seed N         another seed gives other texts; 0 unless given
  --first N        begins with this text or case of the seed, not with its first
  --show           prints each text or call before it is checked: for what ends the process";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(complaint) => {
            eprintln!("{complaint}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    let mut options = search::Options { seconds: Some(Duration::from_secs(10)), ..search::Options::default() };
    let mut calls = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let text = words.next().ok_or_else(|| format!("{word} takes a number\n{USAGE}"))?;
            text.parse::<u64>().map_err(|error| format!("{word} {text}: {error}\n{USAGE}"))
        };
        match word.as_str() {
            "--seconds" => options.seconds = Some(Duration::from_secs(number()?)),
            "--cases" => (options.cases, options.seconds) = (Some(number()?), None),
            "--seed" => options.seed = number()?,
            "--first" => options.first = number()?,
            "--show" => options.show = true,
            "--calls" => calls = true,
            "--text" => {
                let path = words.next().ok_or_else(|| format!("--text takes a file\n{USAGE}"))?;
                let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
                let outcome = oracle::check_without_panic(&text)?;
                println!("{path}: {outcome:?}");
                return Ok(());
            }
            "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            other => return Err(format!("{other} is unknown\n{USAGE}")),
        }
    }
    // A panic is a finding, which is printed with its text.
    std::panic::set_hook(Box::new(|_| {}));
    if calls {
        let mut answers = calls::Answers::default();
        let found = search::cases(&options, |case| calls::check(options.seed, case, options.show, &mut answers));
        println!("{answers}");
        return found.map_or(Ok(()), |(case, complaint)| {
            Err(format!("\n--calls --seed {} --first {case} --cases 1:\n{complaint}", options.seed))
        });
    }
    let mut tally = Tally::default();
    let found = search::search(&options, &mut tally);
    println!("{tally}");
    if let Some((case, text, complaint)) = found {
        let (text, complaint) = shrink::shrunk(text, complaint);
        let command = format!("--seed {} --first {case} --cases 1", options.seed);
        return Err(format!("\ntext {case} ({command}), with fewer lines:\n{text}\n{complaint}"));
    }
    tally.is_telling()
}
