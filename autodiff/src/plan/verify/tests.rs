//! What the verifier refuses: compared with sets of addresses where there are few, and by code of real plans that is spoilt
//! in one place.

use super::*;
use crate::base::shape::{Layout, Shape};
use crate::plan::Plan;
use crate::program::Program;
use crate::tape::{Arg, Tape};
use std::collections::BTreeSet;

pub(crate) mod loops;

/// The inputs of small bounds: their kinds and lengths.
const INPUTS: [(Kind, usize); 3] = [(Kind::Real, 2), (Kind::Index, 2), (Kind::Key, 1)];

const SMALL: Bounds<'_> = Bounds { arrays: 4, indices: 3, keys: 2, inputs: &INPUTS, updated: &[] };

/// All spans in small memories, some of which leave them.
fn spans() -> Vec<Span> {
    let arena = (0..6).map(Home::Arena).chain((0..5).map(Home::Indices));
    let homes = arena.chain((0..4).map(Home::Key)).chain((0..4).map(Home::Feed)).chain([Home::Row, Home::Nowhere]);
    homes.flat_map(|home| (0..4).map(move |length| Span { home, length })).collect()
}

/// The cells of memory that a span names: which memory, and where.
fn cells(span: Span) -> BTreeSet<(usize, usize)> {
    let (memory, start) = match span.home {
        Home::Arena(start) => (0, start),
        Home::Indices(start) => (1, start),
        Home::Key(at) => return [(2, at)].into(),
        Home::Feed(slot) => (3 + slot, 0),
        Home::Row => (100, 0),
        Home::Nowhere => (101, 0),
    };
    (start..start + span.length).map(|at| (memory, at)).collect()
}

/// Where the memory ends in which a span lies, and of which kind that is.
fn memory(home: Home) -> Option<(Kind, usize)> {
    match home {
        Home::Arena(_) => Some((Kind::Real, SMALL.arrays)),
        Home::Indices(_) => Some((Kind::Index, SMALL.indices)),
        Home::Key(_) => Some((Kind::Key, SMALL.keys)),
        Home::Feed(slot) => INPUTS.get(slot).copied(),
        Home::Row | Home::Nowhere => None,
    }
}

fn lies_inside(span: Span, kind: Kind) -> bool {
    let start = match span.home {
        Home::Arena(start) | Home::Indices(start) => start,
        // There is one at a time.
        Home::Key(_) if span.length != 1 => return false,
        _ => 0,
    };
    match memory(span.home) {
        Some((of, end)) => of == kind && start <= end && cells(span).iter().all(|(_, at)| *at < end),
        None => matches!(span.home, Home::Row | Home::Nowhere) && span.length == 0,
    }
}

fn meet(a: Span, b: Span) -> bool {
    cells(a).intersection(&cells(b)).any(|(memory, _)| *memory < 100)
}

fn spans_lie_inside_and_apart_as_their_addresses_do() {
    for a in spans() {
        for kind in [Kind::Real, Kind::Index, Kind::Key] {
            assert_eq!(SMALL.inside_as(a, kind).is_ok(), lies_inside(a, kind), "{a:?} {kind:?}");
        }
        assert_eq!(SMALL.inside(a).is_ok(), lies_inside(a, Kind::Real), "{a:?}");
        for b in spans() {
            assert_eq!(a.overlaps(b), meet(a, b), "{a:?} {b:?}");
            let apart = lies_inside(a, Kind::Real) && lies_inside(b, Kind::Real) && !meet(a, b);
            assert_eq!(SMALL.disjoint(a, [b]).is_ok(), apart, "{a:?} {b:?}");
            let last = Span::arena(0, 0);
            assert_eq!(SMALL.disjoint(a, [last, b]).is_ok(), apart, "{a:?} {b:?}");
        }
    }
}

fn source(home: Home, extent: usize, layout: Option<Layout>, shape: impl Into<Shape>) -> Source {
    Source { home, extent, layout, shape: shape.into() }
}

fn a_source_reaches_no_further_than_its_memory() {
    for (start, extent) in (0..6).flat_map(|start| (0..5).map(move |extent| (start, extent))) {
        let inside = start + extent <= SMALL.arrays;
        for size in 0..5usize {
            let plain = source(Home::Arena(start), extent, None, [size]);
            assert_eq!(SMALL.source(&plain).is_ok(), inside && size <= extent, "{plain:?}");
            for (stride, offset) in [(0, 0), (0, 2), (1, 1), (2, 0), (3, 1)] {
                let layout = Layout { shape: [size].into(), strides: [stride].into_iter().collect(), offset };
                let reaches = (0..size).all(|i| offset + stride * i < extent);
                let laid = source(Home::Arena(start), extent, Some(layout), [size]);
                // Of no elements, the offset does not count, or does: either is right.
                if size > 0 {
                    assert_eq!(SMALL.source(&laid).is_ok(), inside && reaches, "{laid:?}");
                }
            }
        }
    }
}

fn a_step_writes_over_nothing_that_it_reads() {
    for (operands, numbers, length) in
        (1..3).flat_map(|o| (0..4u8).flat_map(move |n| (1..4).map(move |length| (o, n, length))))
    {
        for (a, b, output) in (0..6u32).flat_map(|a| (0..6).flat_map(move |b| (0..6).map(move |o| (a, b, o)))) {
            let step = WholeStep { function: 0, length, operands, numbers, output, inputs: [a, b, 9] };
            let written = Span::arena(output as usize, length);
            let read: Vec<Span> = [a, b]
                .iter()
                .enumerate()
                .take(operands)
                .map(|(k, start)| Span::arena(*start as usize, if numbers & (1 << k) != 0 { 1 } else { length }))
                .collect();
            let inside = lies_inside(written, Kind::Real) && read.iter().all(|read| lies_inside(*read, Kind::Real));
            // Numbers are read before one is written.
            let apart = length == 1 || read.iter().all(|read| !meet(written, *read));
            assert_eq!(SMALL.step(&step).is_ok(), inside && apart, "{step:?}");
        }
    }
}

fn gathers_copies_and_places() {
    for (from, to) in (0..6).flat_map(|from| (0..6).map(move |to| (from, to))) {
        let (read, written) = (Span::arena(from, 2), Span::arena(to, 2));
        let apart = lies_inside(read, Kind::Real) && lies_inside(written, Kind::Real) && !meet(read, written);
        let taken = source(Home::Arena(from), 2, None, [2]);
        assert_eq!(SMALL.gather(&Gather::new(taken.clone(), [2].into(), to)).is_ok(), apart);
        let place = Place::new(Home::Arena(to), Kind::Real, [2].into());
        assert_eq!(SMALL.copy(&OperandSource::Real(taken), &place).is_ok(), apart);
        let wide = source(Home::Arena(from), 1, None, [1]);
        assert!(SMALL.copy(&OperandSource::Real(wide), &place).is_err(), "another length");
    }
    for span in spans() {
        for kind in [Kind::Real, Kind::Index, Kind::Key] {
            let place = Place { home: span.home, kind, shape: [span.length].into(), size: span.length };
            let own = matches!(span.home, Home::Arena(_) | Home::Indices(_) | Home::Key(_));
            let found = SMALL.place(&place).map(cells);
            assert_eq!(found.ok(), (own && lies_inside(span, kind)).then(|| cells(span)), "{place:?}");
        }
        let index = OperandSource::Index { home: span.home, shape: [span.length].into() };
        let found = SMALL.operand(&index).map(|span| span.map(cells));
        assert_eq!(found.ok(), lies_inside(span, Kind::Index).then(|| Some(cells(span))), "{index:?}");
        let key = SMALL.operand(&OperandSource::KeyAt { home: span.home });
        assert_eq!(key.is_ok(), lies_inside(Span { length: 1, ..span }, Kind::Key), "{span:?}");
    }
    assert!(matches!(SMALL.operand(&OperandSource::Key(3)), Ok(None)));
}

/// What the verifier says of the code of a plan after `spoil`; nothing of the code as it is.
fn said(program: &Program<f64>, block: usize, spoil: impl FnOnce(&mut Plan<f64>)) -> Result<String> {
    let mut plan = program.planner().in_small(block).update(0, 0).plan()?;
    let inputs: Vec<(Kind, usize)> = program.inputs().map(|(kind, shape)| (kind, shape.size())).collect();
    let updated: Vec<bool> = plan.updates.iter().map(|update| update.slot == 0 && update.in_place).collect();
    let verdict = |plan: &Plan<f64>| {
        let (arrays, indices, keys) = (plan.arrays, plan.indices.len(), plan.keys.len());
        verify(&plan.code, &Bounds { arrays, indices, keys, inputs: &inputs, updated: &updated })
    };
    verdict(&plan)?;
    spoil(&mut plan);
    Ok(verdict(&plan).err().map_or("right".to_owned(), |error| error.message().to_owned()))
}

/// A change, and why it is refused.
type Change<T> = (&'static str, fn(&mut T));

/// That the code is refused for this reason after each change.
fn refused<T>(
    (program, block): (&Program<f64>, usize),
    part: impl Fn(&mut Plan<f64>) -> Option<&mut T>,
    changes: &[Change<T>],
) -> Result<()> {
    for (i, (reason, change)) in changes.iter().enumerate() {
        let found = said(program, block, |plan| part(plan).into_iter().for_each(change))?;
        assert!(found.ends_with(reason), "change {i}: {found}, not {reason}");
    }
    Ok(())
}

/// Steps on rows and on numbers, a product, a gather, and an output in indices.
fn mixed() -> Result<Program<f64>> {
    let tape = Tape::<f64>::new();
    let w = tape.input([1.0, 2.0, 3.0]);
    let (rows, key) = (tape.index(ndarray::arr1(&[0, 1])), tape.key(7));
    let m = tape.input([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let noise = key.uniform([3], 0);
    let number = (w.slice(0, 0..1).reshape([]) * 2.0).exp();
    let chosen = (m.transpose().reshape([6]) + 1.0).gather(rows);
    let sorted = (noise + w).sort(0);
    let order = (noise - w).argsort(0);
    let reals = [w * number, m.matmul(sorted.exp()), number.gt(1.0).select(number, w.sum(..)), chosen];
    let outputs: Vec<Arg<'_, f64>> = reals.into_iter().map(Into::into).chain([order.into()]).collect();
    tape.program(&outputs)
}

const FAR: usize = 1 << 40;

fn actions_name_what_is_there() -> Result<()> {
    let program = mixed()?;
    let last = |plan: &mut Plan<f64>| plan.code.actions.last().cloned();
    for (reason, action) in [
        ("steps that are not there", Action::Steps(0..FAR)),
        ("steps that are not there", Action::Numbers(0..FAR)),
        ("no gather", Action::Gather(FAR)),
        ("no loop", Action::Scan(FAR)),
        ("no copy", Action::Copy(FAR)),
        ("no kernel", Action::Kernel(FAR)),
        ("no loop", Action::Loop(FAR)),
    ] {
        let found = said(&program, 4, |plan| {
            assert!(last(plan).is_some());
            plan.code.actions.push(action);
        })?;
        assert!(found.ends_with(reason), "{found}");
    }
    // Rows are no numbers, and numbers have at most two operands.
    for (length, operands, right) in [(1, 1, true), (1, 2, true), (1, 3, false), (2, 1, false), (2, 3, false)] {
        let found = said(&program, 4, |plan| {
            let at = plan.code.steps.len();
            let function = plan.code.functions.iter().position(|function| function.operands() == operands);
            let function = function.map_or(u16::MAX, |function| function as u16);
            let step = WholeStep { function, length, operands, numbers: 0, output: 2, inputs: [0, 0, 0] };
            assert!(plan.code.push_step(step));
            plan.code.actions.push(Action::Numbers(at..plan.code.steps.len()));
        })?;
        assert_eq!(found.ends_with("a row among numbers"), !right, "{length} {operands}: {found}");
    }
    Ok(())
}

fn what_is_copied_in_and_out_and_what_comes_out() -> Result<()> {
    let program = mixed()?;
    refused(
        (&program, 4),
        |plan| plan.code.copied_in.first_mut(),
        &[
            ("outside its memory", |copied: &mut (usize, usize, usize)| copied.0 = FAR),
            ("outside its memory", |copied| copied.1 = FAR),
            ("outside its memory", |copied| copied.2 += 1),
        ],
    )?;
    refused(
        (&program, 4),
        |plan| plan.code.copied_out.first_mut(),
        &[
            ("outside its memory", |copied: &mut (usize, Source)| copied.0 = 1),
            ("outside its memory", |copied| copied.1.home = Home::Arena(FAR)),
            ("written over what is read", |copied| copied.1.home = Home::Feed(0)),
        ],
    )?;
    for (i, output) in program.outputs().enumerate() {
        let found = said(&program, 4, |plan| match plan.code.outputs.get_mut(i) {
            Some(Output::Real(source)) => source.home = Home::Arena(FAR),
            Some(Output::Other(place)) => place.home = Home::Feed(1),
            None => {}
        })?;
        let reason = if output.0 == Kind::Real { "outside its memory" } else { "a result outside the plan's memory" };
        assert!(found.ends_with(reason), "{i}: {found}");
    }
    Ok(())
}

fn a_kernel_writes_over_nothing_that_it_reads() -> Result<()> {
    let program = mixed()?;
    let count = program.planner().in_small(4).update(0, 0).plan()?.code.kernels.len();
    assert!(count >= 4, "{count} kernels");
    for which in 0..count {
        let spoilt = |change: fn(&mut Kernel<f64>)| {
            said(&program, 4, |plan| plan.code.kernels.get_mut(which).into_iter().for_each(change))
        };
        let found = spoilt(|kernel| kernel.results.iter_mut().for_each(|y| y.home = Home::Row))?;
        assert!(found.ends_with("a result outside the plan's memory"), "{which}: {found}");
        let found = spoilt(|kernel| kernel.results.iter_mut().for_each(|y| y.size = FAR))?;
        assert!(found.ends_with("outside its memory"), "{which}: {found}");
        let found = spoilt(|kernel| kernel.workspace = (FAR, 1))?;
        assert!(found.ends_with("outside its memory"), "{which}: {found}");
        let found = said(&program, 4, |plan| {
            let at = plan.arrays - 1;
            plan.code.workspace = 0;
            if let Some(kernel) = plan.code.kernels.get_mut(which).filter(|kernel| kernel.rows().is_some()) {
                kernel.workspace = (at, 1);
            }
        })?;
        let divided = program
            .planner()
            .in_small(4)
            .update(0, 0)
            .plan()?
            .code
            .kernels
            .get(which)
            .is_some_and(|kernel| kernel.rows().is_some());
        assert!(
            !divided || found.ends_with("a thread without room for a workspace") || found.ends_with("what is read"),
            "{which}: {found}"
        );
        // The workspace over every result and every operand that lies in the arena.
        let places = said(&program, 4, |plan| {
            let Some(kernel) = plan.code.kernels.get_mut(which) else { return };
            if let Some(Place { home: Home::Arena(at), .. }) = kernel.results.first() {
                kernel.workspace = (*at, 1);
            }
        })?;
        let in_arena = program
            .planner()
            .in_small(4)
            .update(0, 0)
            .plan()?
            .code
            .kernels
            .get(which)
            .is_some_and(|kernel| matches!(kernel.results.first(), Some(Place { home: Home::Arena(_), .. })));
        assert_eq!(places.ends_with("written over what is read"), in_arena, "{which}: {places}");
        // A result over an operand.
        let mut done = false;
        let found = said(&program, 4, |plan| {
            let Some(kernel) = plan.code.kernels.get_mut(which) else { return };
            let taken = kernel.operands.iter().find_map(|operand| match operand {
                OperandSource::Real(Source { home: home @ Home::Arena(_), extent: 1.., .. }) => Some(*home),
                _ => None,
            });
            if let (Some(home), Some(y)) = (taken, kernel.results.iter_mut().find(|y| y.kind == Kind::Real)) {
                (y.home, done) = (home, true);
            }
        })?;
        assert_eq!(found.ends_with("written over what is read"), done, "{which}: {found}");
    }
    Ok(())
}

fn inputs_are_of_the_kind_they_are_taken_for() -> Result<()> {
    let tape = Tape::<f64>::new();
    let (w, rows, key) = (tape.input(1.0), tape.index(ndarray::arr1(&[0, 1])), tape.key(7));
    let noise = key.uniform([3], 0);
    let mut plan = tape.program(&[w * 2.0, noise.gather(rows)])?.planner().update(0, 0).plan()?;
    let own = [(Kind::Real, 1), (Kind::Index, 2), (Kind::Key, 1)];
    let is_kept = |plan: &Plan<f64>, inputs: &[(Kind, usize)]| {
        let (indices, keys) = (plan.indices.len(), plan.keys.len());
        verify(&plan.code, &Bounds { arrays: plan.arrays, indices, keys, inputs, updated: &[] }).is_ok()
    };
    for slot in 0..3 {
        for kind in [Kind::Real, Kind::Index, Kind::Key] {
            let mut inputs = own;
            inputs.iter_mut().skip(slot).take(1).for_each(|input| input.0 = kind);
            assert_eq!(is_kept(&plan, &inputs), inputs == own, "{inputs:?}");
        }
    }
    // An update of an index or of a key writes where there are no numbers.
    for slot in 0..3 {
        plan.code.copied_out.iter_mut().for_each(|(to, _)| *to = slot);
        assert_eq!(is_kept(&plan, &own), slot == 0, "{slot}");
    }
    Ok(())
}

/// A sum is written where nothing is read that its product reads, and over what is added only element by element.
fn a_product_is_added_in_its_place_or_apart() -> Result<()> {
    let tape = Tape::<f64>::new();
    let w = tape.input([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let (a, b) = (tape.input([[1.0, 2.0], [3.0, 4.0]]), tape.input([[5.0, 6.0, 7.0], [8.0, 9.0, 1.0]]));
    let bias = tape.input([1.0, 2.0, 3.0]);
    let (updated, with_bias) = (w + a.matmul(b), a.exp().matmul(b.exp()) + bias);
    let program = tape.program(&[updated, with_bias.tanh()])?;
    let places: Vec<Onto> = program.planner().in_small(4).update(0, 0).plan()?.code.onto;
    // The order in which they run.
    let which = |over_input: bool| places.iter().position(|onto| matches!(onto.output, Home::Feed(0)) == over_input);
    let (update, row) = (which(true).unwrap_or(FAR), which(false).unwrap_or(FAR));
    assert!(update != FAR && row != FAR, "{places:?}");
    let changes: [(usize, &str, fn(&mut Onto)); 9] = [
        (row, "an input that changes", |onto| onto.output = Home::Row),
        (row, "an input that changes", |onto| onto.output = Home::Feed(1)),
        (row, "outside its memory", |onto| onto.output = Home::Arena(FAR)),
        (row, "written over what is read", |onto| onto.output = onto.operands[0].home),
        (row, "written over what is read", |onto| onto.output = onto.operands[1].home),
        // One row is read by all others.
        (row, "written over what is read", |onto| {
            (onto.operands[2].home, onto.output) = (Home::Arena(0), Home::Arena(0));
        }),
        (row, "outside its memory", |onto| onto.operands[2].home = Home::Arena(FAR)),
        (row, "a product that leaves its memory", |onto| {
            (onto.operands[0].extent, onto.operands[0].shape) = (3, [3].into());
        }),
        // Where it is added, but not in order.
        (update, "written over what is read", |onto| {
            onto.operands[2].layout =
                Some(Layout { shape: [2, 3].into(), strides: [1, 2].into_iter().collect(), offset: 0 });
        }),
    ];
    for (i, (at, reason, change)) in changes.into_iter().enumerate() {
        let found = said(&program, 4, |plan| plan.code.onto.get_mut(at).into_iter().for_each(change))?;
        assert!(found.ends_with(reason), "change {i}: {found}, not {reason}");
    }
    // An update before the others have read the input.
    let found = said(&program, 4, |plan| plan.code.commit = usize::MAX)?;
    assert!(found.ends_with("an input that changes"), "{found}");
    Ok(())
}

self_tests!(
    spans_lie_inside_and_apart_as_their_addresses_do,
    a_source_reaches_no_further_than_its_memory,
    a_step_writes_over_nothing_that_it_reads,
    gathers_copies_and_places,
    actions_name_what_is_there,
    what_is_copied_in_and_out_and_what_comes_out,
    a_kernel_writes_over_nothing_that_it_reads,
    inputs_are_of_the_kind_they_are_taken_for,
    a_product_is_added_in_its_place_or_apart,
);
