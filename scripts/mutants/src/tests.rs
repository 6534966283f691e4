//! The tests of the workspace, run for one mutant.

use crate::Result;
use crate::mutant::Mutant;
use crate::report::Outcome;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// Everything but `project`, which looks at texts.
const TESTS: [&str; 10] =
    ["inside", "errors", "text", "tool", "nn", "data", "files", "allocation", "engine", "primitives"];

/// The memory a test may take, in KiB: a mutant may ask for more and more.
const MEMORY: usize = 12 << 20;

/// One file of tests, compiled.
struct Executable {
    name: String,
    path: PathBuf,
    folder: PathBuf,
    /// How long it takes where nothing is changed.
    takes: Duration,
}

pub struct Executables(Vec<Executable>);

/// Compiles the tests of the copy, and sees that they pass where no mutant runs.
pub fn build(tree: &Path) -> Result<Executables> {
    let mut command = Command::new("cargo");
    command.args(["test", "--no-run", "--message-format=json", "-p", "nn", "-p", "suite"]);
    command.args(["-p", "autodiff-run", "--lib"]);
    TESTS.iter().for_each(|test| _ = command.args(["--test", test]));
    let output = command
        .env("RUSTFLAGS", "--cap-lints=allow")
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .current_dir(tree)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the tests do not compile".into());
    }
    let mut found = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines() {
        let message: Value = serde_json::from_str(line)?;
        let (Some(path), Some(name)) = (message["executable"].as_str(), message["target"]["name"].as_str()) else {
            continue;
        };
        if message["profile"]["test"] != true {
            continue;
        }
        let folder = Path::new(message["manifest_path"].as_str().unwrap_or_default()).parent().unwrap_or(tree);
        let (path, folder) = (PathBuf::from(path), folder.to_owned());
        found.push(Executable { name: name.to_owned(), path, folder, takes: Duration::from_secs(600) });
    }
    for executable in &mut found {
        let start = Instant::now();
        if let Some(by) = executable.fails(0, 1, &[])? {
            return Err(format!("without a mutant, this fails: {by}").into());
        }
        executable.takes = start.elapsed();
        println!("{} takes {:.1} s", executable.name, executable.takes.as_secs_f64());
    }
    // What is quick comes first.
    found.sort_by_key(|executable| executable.takes);
    Ok(Executables(found))
}

impl Executables {
    pub fn run(&self, mutant: &Mutant, seed: u64) -> Result<Outcome> {
        let number = mutant.number.unwrap_or(0);
        for entry in mutant.tests {
            let mut words = entry.split(' ');
            let name = words.next().unwrap_or_default();
            let filters: Vec<&str> = words.collect();
            for executable in self.0.iter().filter(|executable| executable.name == name) {
                if let Some(by) = executable.fails(number, seed, &filters)? {
                    return Ok(Outcome::Caught(by));
                }
            }
        }
        for executable in &self.0 {
            if let Some(by) = executable.fails(number, seed, &[])? {
                return Ok(Outcome::Caught(by));
            }
        }
        Ok(Outcome::Survived)
    }
}

impl Executable {
    /// The first test that fails, if any: it has not ended in time, or with a signal, or said so.
    fn fails(&self, number: usize, seed: u64, filters: &[&str]) -> Result<Option<String>> {
        let mut child = Command::new("sh")
            .args(["-c", &format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"")])
            .arg(&self.path)
            .args(filters)
            .env("MUTANT", number.to_string())
            .env("PROPTEST_RNG_SEED", seed.to_string())
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let (send, lines) = mpsc::channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(std::result::Result::ok) {
                if send.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
            }
        });
        let end = Instant::now() + self.takes * 4 + Duration::from_secs(20);
        let found = loop {
            match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => match line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
                    Some(test) => break Some(format!("{} {test}", self.name)),
                    None => continue,
                },
                Err(mpsc::RecvTimeoutError::Timeout) => break Some(format!("{}, out of time", self.name)),
                Err(mpsc::RecvTimeoutError::Disconnected) => break None,
            }
        };
        if found.is_some() {
            end_of(&mut child)?;
        }
        drop(lines);
        let status = child.wait()?;
        reader.join().map_err(|_| "the reader of the output")?;
        Ok(found.or_else(|| (!status.success()).then(|| format!("{}, {status}", self.name))))
    }
}

fn end_of(child: &mut Child) -> Result<()> {
    match child.kill() {
        Err(error) if error.kind() != std::io::ErrorKind::InvalidInput => Err(error.into()),
        _ => Ok(()),
    }
}
