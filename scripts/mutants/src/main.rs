//! Small changes to the code, called mutants, each of which a test should notice. `cargo mutants --list` says which there
//! are. Compiling each of them would take days, so they are compiled together, some hundreds at a time, into a copy of the
//! project: a function has one body for each of its mutants, and an environment variable says which one runs. The tests then
//! run once for each mutant until one fails.
//!
//! What was caught stays in `results.txt` in the work folder, so that the next run goes on from there; what survived is tried
//! again. Survivors that no test can catch stand in `accepted.txt` with the reason.

mod embed;
mod mutant;
mod report;
mod tests;

use mutant::{MODULES, Mutant};
use report::{Outcome, Results};
use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The most mutants that are compiled together.
const TOGETHER: usize = 700;

const HELP: &str = "scripts/mutants.sh [--short] [--sample N] [--hours N] [--seed N] [--only MODULE]...
  --short   5 mutants of each module
  --sample  so many, and not 60, of each module that is not tried as a whole
  --hours   stop after so many hours (6); the next run goes on from there
  --seed    draws other samples (1)
  --only    this module, by a part of its name";

struct Options {
    most: usize,
    sample: usize,
    time: Duration,
    seed: u64,
    only: Vec<String>,
}

fn options() -> Result<Option<Options>> {
    let mut options = Options {
        most: usize::MAX,
        sample: usize::MAX,
        time: Duration::from_secs(6 * 3600),
        seed: 1,
        only: Vec::new(),
    };
    let mut given = env::args().skip(1);
    while let Some(option) = given.next() {
        let mut value = || given.next().ok_or(format!("{option} needs a value"));
        match option.as_str() {
            "--short" => options.most = 5,
            "--sample" => options.sample = value()?.parse()?,
            "--hours" => options.time = Duration::from_secs_f64(value()?.parse::<f64>()? * 3600.0),
            "--seed" => options.seed = value()?.parse()?,
            "--only" => options.only.push(value()?),
            _ => return Ok(None),
        }
    }
    Ok(Some(options))
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("mutants: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let Some(options) = options()? else {
        println!("{HELP}");
        return Ok(ExitCode::FAILURE);
    };
    let root = env::current_dir()?;
    let work = env::var_os("MUTANTS").map_or_else(|| root.join("target/mutants"), PathBuf::from);
    let tree = work.join("tree");
    copy(&root, &tree)?;
    let chosen = |name: &str| options.only.is_empty() || options.only.iter().any(|part| name.contains(part.as_str()));
    let all = mutant::list(&tree)?;
    let drawn: Vec<(usize, Vec<Mutant>)> = MODULES
        .iter()
        .filter(|module| chosen(module.name))
        .map(|module| {
            let sample = if module.sample == usize::MAX { usize::MAX } else { module.sample.min(options.sample) };
            (sample.min(options.most), module.draw(&all, options.seed))
        })
        .collect();
    let accepted = report::accepted(&root.join("scripts/mutants/accepted.txt"))?;
    let mut results = Results::read(&work.join("results.txt"))?;
    let end = Instant::now() + options.time;
    let mut tried = BTreeSet::new();
    loop {
        let mut batch = next(&drawn, &results, &tried);
        if batch.is_empty() || Instant::now() > end {
            break;
        }
        println!("compiling {} mutants", batch.len());
        for unviable in embed::compile(&root, &tree, &mut batch)? {
            results.note(&unviable, &Outcome::Unviable)?;
        }
        if batch.is_empty() {
            continue;
        }
        // Those take longest, for all tests pass.
        batch.sort_by_key(|mutant| accepted.iter().any(|accepted| accepted.is(mutant)));
        let executables = tests::build(&tree)?;
        let wanted = next(&drawn, &results, &tried);
        for mutant in batch.iter().filter(|mutant| wanted.iter().any(|other| other.name == mutant.name)) {
            if Instant::now() > end {
                break;
            }
            let outcome = executables.run(mutant, options.seed)?;
            println!("{outcome}: {}", mutant.name);
            results.note(mutant, &outcome)?;
            tried.insert(mutant.name.clone());
        }
        copy(&root, &tree)?;
    }
    Ok(report::print(&drawn, &results, &accepted))
}

/// What is compiled next: mutants without an outcome, more than are wanted, because some do not compile. Those that have
/// to be compiled alone, when nothing else is left.
fn next(drawn: &[(usize, Vec<Mutant>)], results: &Results, tried: &BTreeSet<String>) -> Vec<Mutant> {
    let mut batch: Vec<Mutant> = Vec::new();
    let mut alone = None;
    for (sample, candidates) in drawn {
        let decided = |mutant: &&Mutant| match results.of(mutant) {
            Some(Outcome::Survived) => tried.contains(&mutant.name),
            Some(Outcome::Caught(_)) => true,
            _ => false,
        };
        let wanted = sample.saturating_sub(candidates.iter().filter(decided).count());
        let over = if wanted > TOGETHER { wanted } else { wanted + wanted / 2 };
        let open = |mutant: &&Mutant| !decided(mutant) && !matches!(results.of(mutant), Some(Outcome::Unviable));
        for mutant in candidates.iter().filter(open).take(over) {
            match mutant.number {
                Some(_) if batch.len() < TOGETHER => batch.push(mutant.clone()),
                Some(_) => {}
                None => alone = alone.or(Some(mutant.clone())),
            }
        }
    }
    if batch.is_empty() { alone.into_iter().collect() } else { batch }
}

/// Makes `tree` a copy of the files of the project; files that are the same are left alone, so that they are not compiled
/// again.
fn copy(root: &Path, tree: &Path) -> Result<()> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()?;
    for name in String::from_utf8(listed.stdout)?.split('\0').filter(|name| !name.is_empty()) {
        let Ok(text) = fs::read(root.join(name)) else { continue };
        write(&tree.join(name), &embed::prepared(name, text))?;
    }
    Ok(())
}

/// Writes a file, unless it has this text.
fn write(path: &Path, text: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    Ok(fs::write(path, text)?)
}
