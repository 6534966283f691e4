//! A chain of n scalar nodes, recorded, differentiated and replayed: what `instructions.sh` counts.

use autodiff::{Input, Tape};

fn main() {
    let length: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1_000);
    let tape = Tape::<f64>::new();
    let x = tape.input(0.5);
    let y = (0..length).fold(x, |y, i| if i % 2 == 0 { y.sin() } else { y + x });
    let slope = y.backward().and_then(|gradients| gradients.item(x));
    let recorded = y.gradient(&[x]).map(|gradients| gradients.len());
    let forward = y.pushforward(&[(x, x)]).and_then(|tangent| tangent.item());
    let replayed = tape.program(&[y]).and_then(|program| program.run(&[Input::real(0.5)]));
    println!("{slope:?} {recorded:?} {forward:?} {}", replayed.is_ok());
}
