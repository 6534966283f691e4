//! Tests: the functions of elementwise primitives give the same bits with all instructions that the machine has.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use super::{Generator, Kernel, Registry, SampleOperand};
use crate::base::real::Real;
use crate::base::shape::Shape;
use crate::kernels::Lane;
use crate::kernels::levels::{agree, numbers};

fn compare<F: Real>() {
    let registry = Registry::<F>::standard();
    let mut generator = Generator::new(1);
    let mut names = Vec::new();
    for (entry, case) in registry.entries().flat_map(|entry| (0..12).map(move |case| (entry, case))) {
        let Some(sample) = entry.sample(&mut generator) else { continue };
        let shapes: Vec<Shape> = sample.operands.iter().map(|operand| operand.typed().shape).collect();
        let Kernel::Elementwise(function) = sample.primitive.kernel(&shapes.iter().collect::<Vec<_>>()) else {
            continue;
        };
        let name = sample.primitive.name();
        names.push(name);
        // Numbers of the domain, of any size, and odd ones: some functions have a way of their own where all are common.
        let length = [1, 7, 40, 300][case % 4];
        let row = |k: usize, generator: &mut Generator| -> Vec<F> {
            match (&sample.operands[k], case / 4) {
                (SampleOperand::Real(_, domain), 0) => (0..length).map(|_| F::of(domain.draw(generator))).collect(),
                (_, way) => numbers(length, (case + k) as u64, way == 2),
            }
        };
        let rows: Vec<Vec<F>> = (0..function.operands()).map(|k| row(k, &mut generator)).collect();
        for single in 0..1usize << rows.len() {
            let lane = |(k, row): (usize, &Vec<F>)| match single >> k & 1 {
                0 => (k, None),
                _ => (k, Some(row[0])),
            };
            let lanes: Vec<(usize, Option<F>)> = rows.iter().enumerate().map(lane).collect();
            agree(name, |level| {
                let lane = |(k, number): &(usize, Option<F>)| number.map_or(Lane::Row(&rows[*k]), Lane::Number);
                let mut y = vec![F::zero(); length];
                function.row_at(level, &lanes.iter().map(lane).collect::<Vec<_>>(), &mut y);
                y
            });
        }
    }
    names.dedup();
    assert!(names.len() > 20, "{names:?}");
}

fn elementwise_primitives_of_all_levels() {
    compare::<f32>();
    compare::<f64>();
}

self_tests!(elementwise_primitives_of_all_levels);
