//! What became of the mutants, kept from run to run, and the shares that were caught.

use crate::Result;
use crate::mutant::{MODULES, Mutant};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

#[derive(Clone, Debug)]
pub enum Outcome {
    /// By which test.
    Caught(String),
    Survived,
    /// The compiler refuses it.
    Unviable,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Caught(by) => write!(f, "caught by {by}"),
            Outcome::Survived => f.write_str("survived"),
            Outcome::Unviable => f.write_str("unviable"),
        }
    }
}

/// The outcomes of this run and of those before, by the mutant's name and the line that it changes.
pub struct Results {
    found: BTreeMap<(String, String), Outcome>,
    file: File,
}

impl Results {
    pub fn read(path: &Path) -> Result<Self> {
        let mut found = BTreeMap::new();
        for line in fs::read_to_string(path).unwrap_or_default().lines() {
            let [outcome, name, code] = *line.split('\t').collect::<Vec<_>>() else { continue };
            let outcome = match outcome {
                "survived" => Outcome::Survived,
                "unviable" => Outcome::Unviable,
                by => Outcome::Caught(by.trim_start_matches("caught by ").to_owned()),
            };
            found.insert((name.to_owned(), code.to_owned()), outcome);
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Results { found, file })
    }

    pub fn of(&self, mutant: &Mutant) -> Option<&Outcome> {
        self.found.get(&(mutant.name.clone(), mutant.line.clone()))
    }

    pub fn note(&mut self, mutant: &Mutant, outcome: &Outcome) -> Result<()> {
        writeln!(self.file, "{outcome}\t{}\t{}", mutant.name, mutant.line)?;
        self.found.insert((mutant.name.clone(), mutant.line.clone()), outcome.clone());
        Ok(())
    }
}

/// A survivor that no test can catch: what changes, and the line that it changes.
pub struct Accepted {
    what: String,
    line: String,
}

impl Accepted {
    pub fn is(&self, mutant: &Mutant) -> bool {
        self.what == mutant.what && self.line == mutant.line
    }
}

/// Each is three lines of a file, with the reason as the third, and an empty line between them.
pub fn accepted(path: &Path) -> Result<Vec<Accepted>> {
    let mut found = Vec::new();
    for entry in fs::read_to_string(path)?.split("\n\n").filter(|entry| !entry.trim_start().starts_with('#')) {
        match *entry.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>() {
            [] => {}
            [what, line, _] => found.push(Accepted { what: what.to_owned(), line: line.to_owned() }),
            _ => return Err(format!("{}: what changes, the line, the reason:\n{entry}", path.display()).into()),
        }
    }
    Ok(found)
}

/// The table of shares, and the survivors that nothing explains, which are a failure.
pub fn print(drawn: &[(usize, Vec<Mutant>)], results: &Results, accepted: &[Accepted]) -> ExitCode {
    let is_accepted = |mutant: &&Mutant| accepted.iter().any(|accepted| accepted.is(mutant));
    let mut unexplained = Vec::new();
    println!(
        "\n| module | tried | caught | survive, with a reason | survive | share caught |\n|---|---|---|---|---|---|"
    );
    for module in MODULES {
        let of = |mutants: &&(usize, Vec<Mutant>)| mutants.1.iter().any(|mutant| mutant.module == module.name);
        let Some((sample, mutants)) = drawn.iter().find(of) else { continue };
        let is = |mutant: &&Mutant| matches!(results.of(mutant), Some(Outcome::Caught(_) | Outcome::Survived));
        let tried: Vec<&Mutant> = mutants.iter().filter(is).take(*sample).collect();
        let survived = tried.iter().filter(|mutant| matches!(results.of(mutant), Some(Outcome::Survived)));
        let (explained, left): (Vec<&Mutant>, Vec<&Mutant>) = survived.copied().partition(is_accepted);
        let caught = tried.len() - explained.len() - left.len();
        let share = 100.0 * caught as f64 / tried.len().max(1) as f64;
        let (tried, explained) = (tried.len(), explained.len());
        println!("| {} | {tried} | {caught} | {explained} | {} | {share:.1} % |", module.name, left.len());
        unexplained.extend(left);
    }
    if unexplained.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("\nsurvivors that nothing explains:");
    unexplained.iter().for_each(|mutant| println!("\n{}\n    {}", mutant.name, mutant.line));
    ExitCode::FAILURE
}
