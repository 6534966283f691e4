//! That the code of a plan keeps the promises its runs rely on (see [`run`](super::run)): whatever is read and written
//! lies inside its memory, and what is written overlaps nothing that is read at the same time. Every plan is verified
//! before it runs, so no mistake of the planner, and no answer of a user's primitive, makes a run unsound.

use super::code::{Action, Code, Gather, Kernel, Loop, Onto, OperandSource, Output, Place, Scan, Source, WholeStep};
use super::memory::Home;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::kind::Kind;
use crate::base::real::Real;
use crate::primitive::Made;

/// What is wrong, in words.
type Verified<T = ()> = std::result::Result<T, &'static str>;

/// Some elements: of the arena, or of an input.
#[derive(Clone, Copy, Debug)]
struct Span {
    home: Home,
    length: usize,
}

impl Span {
    fn arena(start: usize, length: usize) -> Self {
        Span { home: Home::Arena(start), length }
    }

    fn overlaps(self, other: Span) -> bool {
        let apart = |a: usize, b: usize| a + self.length <= b || b + other.length <= a;
        match (self.home, other.home) {
            (Home::Arena(a), Home::Arena(b)) => !apart(a, b) && self.length > 0 && other.length > 0,
            (Home::Feed(a), Home::Feed(b)) => a == b && self.length > 0 && other.length > 0,
            (Home::Indices(a), Home::Indices(b)) => !apart(a, b) && self.length > 0 && other.length > 0,
            (Home::Key(a), Home::Key(b)) => a == b,
            _ => false,
        }
    }
}

/// The lengths of all memory that code may name.
pub(super) struct Bounds<'a> {
    /// Of the part of the arena that arrays lie in.
    pub(super) arrays: usize,
    /// Of the memory for indices.
    pub(super) indices: usize,
    /// Of the memory for keys.
    pub(super) keys: usize,
    /// The kind and the length of each input.
    pub(super) inputs: &'a [(Kind, usize)],
    /// Which inputs are updated in place.
    pub(super) updated: &'a [bool],
}

/// An error that names the first action of `code` that breaks a promise.
pub(super) fn verify<F: Real>(code: &Code<F>, bounds: &Bounds<'_>) -> Result<()> {
    for (index, action) in code.actions.iter().enumerate() {
        // Before the commit, no input changes.
        let committed = index >= code.commit;
        let verified = match action {
            Action::Steps(range) | Action::Numbers(range) => match code.steps.get(range.clone()) {
                Some(_) => code.whole_steps(range.clone()).try_for_each(|step| match action {
                    Action::Numbers(_) if step.length != 1 || step.operands > 2 => Err("a row among numbers"),
                    _ => bounds.step(&step),
                }),
                None => Err("steps that are not there"),
            },
            Action::Gather(gather) => {
                code.gathers.get(*gather).map_or(Err("no gather"), |gather| bounds.gather(gather))
            }
            Action::Scan(scan) => code.scans.get(*scan).map_or(Err("no loop"), |scan| bounds.scan(scan, code)),
            Action::Copy(copy) => {
                code.copies.get(*copy).map_or(Err("no copy"), |(source, place)| bounds.copy(source, place))
            }
            Action::Kernel(kernel) => {
                code.kernels.get(*kernel).map_or(Err("no kernel"), |kernel| bounds.kernel(kernel, code))
            }
            Action::Onto(onto) => code.onto.get(*onto).map_or(Err("no product"), |onto| bounds.onto(onto, committed)),
            Action::Loop(at) => code.loops.get(*at).map_or(Err("no loop"), |at| bounds.whole_loop(at, code, committed)),
        };
        verified.map_err(|what| faulty(format!("action {index}, {action:?}: {what}")))?;
    }
    for (slot, start, size) in &code.copied_in {
        bounds
            .disjoint(Span::arena(*start, *size), [Span { home: Home::Feed(*slot), length: *size }])
            .map_err(faulty)?;
    }
    for (slot, source) in &code.copied_out {
        let length = source.shape.size();
        let read = bounds.source(source).map_err(faulty)?;
        bounds.disjoint(Span { home: Home::Feed(*slot), length }, [read]).map_err(faulty)?;
    }
    let output = |output: &Output| match output {
        Output::Real(source) => bounds.source(source),
        Output::Other(place) => bounds.place(place),
    };
    code.outputs.iter().try_for_each(|place| output(place).map(|_| ())).map_err(faulty)
}

impl Bounds<'_> {
    fn inside(&self, span: Span) -> Verified {
        self.inside_as(span, Kind::Real)
    }

    /// The elements of the span lie inside its memory, which is one for elements of this kind.
    fn inside_as(&self, span: Span, kind: Kind) -> Verified {
        let within = match span.home {
            Home::Arena(start) => kind == Kind::Real && start + span.length <= self.arrays,
            Home::Indices(start) => kind == Kind::Index && start + span.length <= self.indices,
            Home::Key(at) => kind == Kind::Key && at < self.keys && span.length == 1,
            Home::Feed(slot) => self.inputs.get(slot).is_some_and(|(of, length)| *of == kind && span.length <= *length),
            Home::Row | Home::Nowhere => span.length == 0,
        };
        if within { Ok(()) } else { Err("outside its memory") }
    }

    /// What is written lies inside, and apart from all that is read, which lies inside, too.
    fn disjoint(&self, written: Span, read: impl IntoIterator<Item = Span>) -> Verified {
        self.inside(written)?;
        read.into_iter().try_for_each(|read| {
            self.inside(read)?;
            if written.overlaps(read) { Err("written over what is read") } else { Ok(()) }
        })
    }

    /// A source lies inside its memory: all of it, and what its layout names.
    fn source(&self, source: &Source) -> Verified<Span> {
        let span = Span { home: source.home, length: source.extent };
        self.inside(span)?;
        let reaches = match &source.layout {
            None => source.shape.size(),
            Some(layout) => layout.reach(),
        };
        if reaches <= source.extent { Ok(span) } else { Err("a layout that leaves its memory") }
    }

    fn step(&self, step: &WholeStep) -> Verified {
        let length = step.length;
        let operands = step.inputs.iter().take(step.operands).enumerate();
        let read = operands
            .map(|(k, start)| Span::arena(*start as usize, if step.numbers >> k & 1 == 1 { 1 } else { length }));
        let output = Span::arena(step.output as usize, length);
        if length == 1 {
            // Numbers are read before one is written.
            self.inside(output)?;
            return read.into_iter().try_for_each(|read| self.inside(read));
        }
        self.disjoint(output, read)
    }

    fn gather(&self, gather: &Gather) -> Verified {
        let source = self.source(&gather.source)?;
        self.disjoint(Span::arena(gather.output, gather.shape.size()), [source])
    }

    /// The memory an operand is read from; `None` for what is part of the program.
    fn operand(&self, operand: &OperandSource) -> Verified<Option<Span>> {
        let (span, kind) = match operand {
            OperandSource::Real(source) => return self.source(source).map(Some),
            OperandSource::Index { home, shape } => (Span { home: *home, length: shape.size() }, Kind::Index),
            OperandSource::KeyAt { home } => (Span { home: *home, length: 1 }, Kind::Key),
            OperandSource::Indices { .. } | OperandSource::Key(_) => return Ok(None),
        };
        self.inside_as(span, kind).map(|()| Some(span))
    }

    /// A result lies inside its memory, which is not that of an input.
    fn place(&self, place: &Place) -> Verified<Span> {
        let span = Span { home: place.home, length: place.size };
        match place.home {
            Home::Arena(_) | Home::Indices(_) | Home::Key(_) => self.inside_as(span, place.kind).map(|()| span),
            _ => Err("a result outside the plan's memory"),
        }
    }

    fn kernel<F: Real>(&self, kernel: &Kernel<F>, code: &Code<F>) -> Verified {
        let mut apart: Vec<Span> = Vec::new();
        for operand in &kernel.operands {
            apart.extend(self.operand(operand)?);
        }
        let (start, length) = kernel.workspace;
        let results = kernel.results.iter().map(|result| self.place(result)).collect::<Verified<Vec<Span>>>()?;
        let workspace = Span::arena(start, length);
        self.inside(workspace)?;
        // Each is written while the others are, too.
        for written in results.into_iter().chain([workspace]) {
            if apart.iter().any(|other| written.overlaps(*other)) {
                return Err("written over what is read");
            }
            apart.push(written);
        }
        if kernel.rows().is_some() && length > code.workspace {
            return Err("a thread without room for a workspace");
        }
        Ok(())
    }

    /// What a product is added to may be what the sum is written to, element by element.
    fn onto(&self, onto: &Onto, committed: bool) -> Verified {
        for (source, reach) in onto.operands.iter().zip(onto.how.reach()) {
            self.source(source)?;
            if reach > source.extent {
                return Err("a product that leaves its memory");
            }
        }
        let span = |source: &Source| Span { home: source.home, length: source.extent };
        let written = Span { home: onto.output, length: onto.how.size() };
        match onto.output {
            Home::Arena(_) => {}
            Home::Feed(slot) if committed && self.updated.get(slot) == Some(&true) => {}
            _ => return Err("an input that changes"),
        }
        let [a, b, x] = &onto.operands;
        self.disjoint(written, [span(a), span(b)])?;
        let in_place = x.home == onto.output && x.layout.is_none() && x.extent == onto.how.size();
        if in_place { Ok(()) } else { self.disjoint(written, [span(x)]) }
    }

    /// A loop over a program: its region is its own, what its steps read lies inside its memory, and what they write
    /// overlaps nothing that is read. (The body was verified when it was prepared.)
    fn scan<F: Real>(&self, scan: &Scan<F>, code: &Code<F>) -> Verified {
        let (body, steps) = (&scan.body, scan.steps);
        let inputs: Vec<(Kind, usize)> = body.program.inputs().map(|(kind, shape)| (kind, shape.size())).collect();
        let outputs: Vec<(Kind, usize)> = body.program.outputs().map(|(kind, shape)| (kind, shape.size())).collect();
        if inputs.len() + steps.behind() != 1 + scan.operands.len()
            || outputs.len() != scan.results.len()
            || body.code.rows > code.rows
            || body.code.workspace > code.workspace
        {
            return Err("a loop of another body");
        }
        if body.code.block != code.block
            || body.updates.iter().any(|update| update.slot == 0 || update.slot > steps.carries)
        {
            return Err("a body that updates what is no carry");
        }
        let rows = |i: usize| if (steps.carries..steps.carries + steps.inputs).contains(&i) { steps.count } else { 1 };
        let mut apart: Vec<Span> = Vec::new();
        if let Some(given) = scan.operands.last().filter(|_| steps.made == Made::Given) {
            let length = match given {
                OperandSource::Real(source) => source.extent,
                OperandSource::Index { shape, .. } => shape.size(),
                OperandSource::Indices { data, .. } => data.len(),
                OperandSource::KeyAt { .. } | OperandSource::Key(_) => 0,
            };
            if length != 1 {
                return Err("a number of steps that is no number");
            }
            apart.extend(self.operand(given)?);
        }
        for (i, (operand, (kind, size))) in scan.operands.iter().zip(inputs.iter().skip(1)).enumerate() {
            let (found, length) = match operand {
                OperandSource::Real(source) if source.layout.is_some() => return Err("rows that do not lie in order"),
                OperandSource::Real(source) => (Kind::Real, source.extent),
                OperandSource::Index { shape, .. } => (Kind::Index, shape.size()),
                OperandSource::Indices { data, .. } => (Kind::Index, data.len()),
                OperandSource::KeyAt { .. } | OperandSource::Key(_) => (Kind::Key, 1),
            };
            if found != *kind || length != size * rows(i) {
                return Err("an operand of another kind or length");
            }
            apart.extend(self.operand(operand)?);
        }
        let region = [
            Span::arena(scan.region.arena, body.arrays),
            Span { home: Home::Indices(scan.region.indices), length: body.indices },
        ];
        self.inside_as(region[0], Kind::Real)?;
        self.inside_as(region[1], Kind::Index)?;
        if scan.region.keys + body.keys > self.keys {
            return Err("keys outside their memory");
        }
        self.transfers(scan, &inputs)?;
        let keys = (0..body.keys).map(|key| Span { home: Home::Key(scan.region.keys + key), length: 1 });
        let mut written: Vec<Span> = region.into_iter().chain(keys).collect();
        for (i, (place, (kind, size))) in scan.results.iter().zip(&outputs).enumerate() {
            let rows = if i < steps.carries + steps.between() { 1 } else { steps.count };
            let counts = steps.made == Made::While && i == steps.carries;
            let kind = if counts { &Kind::Index } else { kind };
            if place.kind != *kind || place.size != size * rows {
                return Err("a result of another kind or length");
            }
            written.push(self.place(place)?);
        }
        for span in written {
            if apart.iter().any(|other| span.overlaps(*other)) {
                return Err("written over what is read");
            }
            apart.push(span);
        }
        Ok(())
    }

    /// What is copied into the memory of a body and inside it lies there, and the carries apart from what is copied to them.
    fn transfers<F: Real>(&self, scan: &Scan<F>, inputs: &[(Kind, usize)]) -> Verified {
        let (body, transfers) = (&scan.body, &scan.transfers);
        let bounds = Bounds { arrays: body.arrays, indices: body.indices, keys: body.keys, inputs, updated: &[] };
        for (slot, start, size) in transfers.first.iter().chain(&transfers.each) {
            bounds.disjoint(Span::arena(*start, *size), [Span { home: Home::Feed(*slot), length: *size }])?;
        }
        let to = transfers.next.iter().map(|(source, start)| Span::arena(*start, source.shape.size()));
        let to: Vec<Span> = to.collect();
        for (source, _) in &transfers.next {
            let read = bounds.source(source)?;
            to.iter().try_for_each(|to| bounds.disjoint(*to, [read]))?;
        }
        transfers.last.iter().try_for_each(|(carry, start)| {
            let size = scan.results.get(*carry).filter(|_| *carry < scan.steps.carries).map(|place| place.size);
            bounds.inside(Span::arena(*start, size.ok_or("the result is no carry")?))
        })
    }

    fn copy(&self, source: &OperandSource, place: &Place) -> Verified {
        let read = self.operand(source)?;
        let written = self.place(place)?;
        if read.is_some_and(|read| read.length != written.length) {
            return Err("a copy of another length");
        }
        if read.is_some_and(|read| read.overlaps(written)) { Err("copied over itself") } else { Ok(()) }
    }

    fn whole_loop<F: Real>(&self, at: &Loop, code: &Code<F>, committed: bool) -> Verified {
        let blocks = at.size.div_ceil(code.block.max(1));
        let span = |stream: usize| {
            let stream = at.streams.get(stream)?;
            Some(Span { home: stream.home, length: if stream.moves { at.size } else { 1 } })
        };
        let streams: Vec<Span> = (0..at.streams.len()).filter_map(span).collect();
        streams.iter().try_for_each(|stream| self.inside(*stream))?;
        let mut read: Vec<Span> = Vec::new();
        for (row, source, _) in &at.gathers {
            if usize::from(*row) >= at.rows {
                return Err("gathered into no row of the loop");
            }
            read.push(self.source(source)?);
        }
        let moves = |stream: usize| at.streams.get(stream).is_some_and(|stream| stream.moves);
        // Rows of the loop have to be filled before they are read.
        let mut filled = vec![false; at.rows];
        at.gathers
            .iter()
            .for_each(|(row, ..)| filled.iter_mut().skip(usize::from(*row)).take(1).for_each(|f| *f = true));
        let mut read_streams = vec![false; streams.len()];
        let mut written: Vec<usize> = Vec::new();
        for step in &at.steps {
            for (k, row) in step.inputs.iter().take(usize::from(step.operands)).enumerate() {
                let row = usize::from(*row);
                let number = step.numbers >> k & 1 == 1;
                match (filled.get(row), at.streams.get(row.wrapping_sub(at.rows))) {
                    (Some(true), _) if !number => {}
                    (None, Some(stream)) if stream.moves != number => {
                        let fresh = !written.contains(&(row - at.rows));
                        read_streams.iter_mut().skip(row - at.rows).take(1).for_each(|read| *read |= fresh);
                    }
                    _ => return Err("a row that is not there, or not filled"),
                }
            }
            if step.inputs.iter().take(usize::from(step.operands)).any(|row| *row == step.output) {
                return Err("a step over its operand");
            }
            match filled.get_mut(usize::from(step.output)) {
                Some(filled) => *filled = true,
                None => written.push(usize::from(step.output) - at.rows),
            }
        }
        // A result in its place while the loop runs: apart from all that is read there, also by other threads.
        for stream in &written {
            let output = streams.get(*stream).copied().ok_or("a step to no row")?;
            if !matches!(output.home, Home::Arena(_)) || !moves(*stream) {
                return Err("a step over an input, or over a number");
            }
            if read_streams.get(*stream) == Some(&true) {
                return Err("a row that is read and then written");
            }
            let others = streams.iter().enumerate().filter(|(other, _)| other != stream).map(|(_, span)| *span);
            self.disjoint(output, others.chain(read.iter().copied()))?;
        }
        // At the end of a block, over an operand that is read in order: apart from all else.
        for (row, stream) in &at.writes {
            let stream = usize::from(*stream).checked_sub(at.rows).ok_or("written to no stream")?;
            let output = streams.get(stream).copied().ok_or("written to no stream")?;
            match output.home {
                _ if !moves(stream) => return Err("an array over a number"),
                Home::Feed(slot) if !committed || self.updated.get(slot) != Some(&true) => {
                    return Err("an input that changes");
                }
                _ if filled.get(usize::from(*row)) != Some(&true) => {
                    return Err("written from a row that is not filled");
                }
                _ => {}
            }
            let others = streams.iter().enumerate().filter(|(other, _)| *other != stream).map(|(_, span)| *span);
            self.disjoint(output, others.chain(read.iter().copied()))?;
        }
        // Sums: apart from everything, and from each other.
        let mut apart: Vec<Span> = streams.iter().copied().chain(read).collect();
        for (row, partials, sum) in &at.totals {
            let row = usize::from(*row);
            if !filled.get(row).copied().unwrap_or_else(|| moves(row - at.rows)) {
                return Err("a sum of a row that is not there");
            }
            for span in [Span::arena(*partials, blocks), Span::arena(*sum, 1)] {
                self.disjoint(span, apart.iter().copied())?;
                apart.push(span);
            }
        }
        if at.rows <= code.rows { Ok(()) } else { Err("more rows than there is memory for") }
    }
}

fn faulty(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::FaultyRule, "plan", what)
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests;
