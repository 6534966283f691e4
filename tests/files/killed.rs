//! A process that is killed while it saves leaves a file that can be read: the former one, or the new one.

use crate::support::{folder, given, process, state};
use nn::{Checkpoint, Random};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

/// Saves one state and another in turn, until it is killed.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn save() {
    let Some(path) = given() else { return };
    let states = [1, 2].map(|i| Checkpoint::<f64>::load(path.with_extension(i.to_string())).unwrap());
    states[0].save(&path).unwrap();
    println!("saved");
    loop {
        states[1].save(&path).unwrap();
        states[0].save(&path).unwrap();
    }
}

#[test]
fn a_process_killed_while_it_saves_leaves_a_file_that_can_be_read() {
    let folder = folder("killed");
    let path = folder.join("run.checkpoint");
    let states = [2, 6].map(state);
    for (i, state) in [1, 2].into_iter().zip(&states) {
        state.save(path.with_extension(i.to_string())).unwrap();
    }
    states[1].save(&path).unwrap();
    let (mut random, mut found) = (Random::new(5), [0, 0]);
    for _ in 0..200 {
        let mut child = process("killed::save", &path).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("saved")));
        std::thread::sleep(Duration::from_micros((random.uniform() * 6000.0) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let left = Checkpoint::load(&path).unwrap();
        let which = states.iter().position(|state| *state == left).expect("one of the two states");
        found[which] += 1;
    }
    // The moments were such that both were found, and some of them within a save, which then leaves a file beside.
    let beside = fs::read_dir(&folder).unwrap().count() - 3;
    assert!(found[0] > 0 && found[1] > 0 && beside > 0, "{found:?}, {beside} files beside");
}
