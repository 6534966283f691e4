//! Steady state: after the first run a plan, and a training step, ask for no memory; and a plan takes what it says.

// A global allocator cannot be written without `unsafe`: its contract is handed on to the system's, call by call.
#![allow(unsafe_code)]

use autodiff::{Feed, Tape};
use ndarray::{Array1, Array2};
use nn::{Activation, Adam, Dataset, Dense, Dropout, Init, Optimizer, Random, Sequential, Sgd, Step, loss};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static SIZES: RefCell<Option<Vec<usize>>> = const { RefCell::new(None) };
}

struct Counting;

// SAFETY: hands everything to the system's allocator, and counts.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        SIZES.with(|sizes| {
            // Taken out while it grows, so that its own growth is not noted.
            if let Ok(mut slot) = sizes.try_borrow_mut()
                && let Some(sizes) = slot.as_mut()
                && sizes.len() < sizes.capacity()
            {
                sizes.push(layout.size());
            }
        });
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `body` asks for memory.
fn requests(body: impl FnOnce()) -> usize {
    let before = COUNT.get();
    body();
    COUNT.get() - before
}

fn network(random: &mut Random) -> Sequential<f32> {
    Sequential::new()
        .then(Dense::new(20, 70, Init::He, random))
        .then(Activation::Relu)
        .then(Dropout { keep_prob: 0.5 })
        .then(Dense::new(70, 40, Init::Xavier, random))
        .then(Activation::Tanh)
        .then(Dense::new(40, 10, Init::Xavier, random))
}

fn data(random: &mut Random, examples: usize) -> Dataset<f32> {
    let features = Array2::from_shape_simple_fn((examples, 20), || random.normal() as f32);
    let labels = Array1::from_iter((0..examples).map(|i| i % 10));
    Dataset::labelled(features, labels).unwrap()
}

fn steps_ask_for_nothing(optimizer: impl Optimizer<f32>) {
    let mut random = Random::new(3);
    let mut model = network(&mut random);
    let mut step = Step::new(optimizer, loss::softmax_cross_entropy).threads(1);
    let (full, last) = (data(&mut random, 64), data(&mut random, 17));
    for batch in [&full, &last, &full, &last] {
        step.run(&mut model, batch, 1).unwrap();
    }
    let count = requests(|| {
        for key in 0..50 {
            for batch in [&full, &last] {
                step.run(&mut model, batch, key).unwrap();
            }
        }
    });
    assert_eq!(count, 0, "{}", step.explain(&model, &full).unwrap());
}

#[test]
fn training_steps_ask_for_no_memory() {
    steps_ask_for_nothing(Sgd::new(0.1));
    steps_ask_for_nothing(Adam::new(0.01));
}

#[test]
fn a_plan_asks_for_no_memory_and_takes_what_it_says() {
    let tape = Tape::<f64>::new();
    let x = tape.input(vec![0.5; 30_000]);
    let w = tape.input(ndarray::Array2::from_elem((300, 20), 0.1));
    let h = x.reshape([100, 300]).matmul(w).tanh();
    let y = (h.exp() + 1.0).log().sum(..) + x.square().mean(..);
    let gradients = y.gradient(&[x, w]).unwrap();
    let program = tape.program(&[y, gradients[0], gradients[1]]).unwrap();
    SIZES.set(Some(Vec::with_capacity(1 << 20)));
    let mut plan = program.plan().unwrap();
    let sizes = SIZES.take().unwrap();
    let largest = sizes.iter().copied().max().unwrap();
    assert_eq!(largest, plan.bytes(), "{}", plan.explain());
    assert!(plan.explain().contains(&format!("memory: {} bytes", plan.bytes())));

    let (x, w) = (vec![0.25; 30_000], vec![0.1; 6000]);
    let mut run = || {
        plan.execute(&mut [Feed::Real(&x), Feed::Real(&w)]).unwrap();
        assert!(plan.number(0).unwrap() > 0.0 && plan.output(1).unwrap().len() == 30_000);
    };
    run();
    assert_eq!(requests(|| (0..20).for_each(|_| run())), 0);
}
