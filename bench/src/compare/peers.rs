//! Getting the peers ready: a Python environment beside the build, a workspace of its own for those in Rust.

use crate::Result;
use crate::child::Peer;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The peer `name`, installed or built if it is not yet.
pub fn ready(name: &str) -> Result<Peer> {
    match name {
        "jax" | "torch" | "numpy" => {
            let script = sources().join(format!("{name}_peer.py"));
            let arguments = vec![script.display().to_string()];
            Ok(Peer { name: name.into(), program: python()?, arguments })
        }
        "candle" | "burn" => Ok(Peer { name: name.into(), program: built(name)?, arguments: vec![] }),
        _ => Err(format!("there is no peer `{name}`; there are {}", super::PEERS.join(", ")).into()),
    }
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// The folder that this program was built into.
fn target() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().and_then(Path::parent).ok_or("the program lies nowhere")?;
    Ok(folder.to_path_buf())
}

/// The interpreter of an environment with what `requirements.txt` lists.
fn python() -> Result<PathBuf> {
    let requirements = sources().join("requirements.txt");
    let environment = target()?.join("peers-venv");
    let (interpreter, installed) = (environment.join("bin/python"), environment.join("installed.txt"));
    let wanted = std::fs::read_to_string(&requirements)?;
    if std::fs::read_to_string(&installed).is_ok_and(|have| have == wanted) {
        return Ok(interpreter);
    }
    eprintln!("installing {} into {}", requirements.display(), environment.display());
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    run(Command::new(&interpreter).args(["-m", "pip", "install", "--quiet", "-r"]).arg(&requirements))?;
    std::fs::write(installed, wanted)?;
    Ok(interpreter)
}

/// The program `name` of the workspace `peers/rust`.
fn built(name: &str) -> Result<PathBuf> {
    let target = target()?.join("peers-rust");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--release", "--quiet", "--features", name, "--bin", name]);
    cargo.arg("--manifest-path").arg(sources().join("rust/Cargo.toml")).arg("--target-dir").arg(&target);
    run(&mut cargo)?;
    Ok(target.join("release").join(name))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
