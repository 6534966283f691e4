//! Ours and the peers, one after the other, over and over.

mod peers;

use crate::Result;
use crate::child::{Child, Peer};
use crate::machine::{Machine, ticks};
use crate::measure::{Statistics, median};
use crate::numbers::Numbers;
use crate::report::{Row, table};
use crate::short;
use crate::workload::{About, WORKLOADS, chosen};
use std::collections::HashMap;
use std::time::Duration;

/// What to compare, and how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// All, if there are none.
    pub workloads: Vec<String>,
    /// Ours alone, if there are none.
    pub peers: Vec<String>,
    pub threads: Vec<usize>,
    /// Every implementation is timed once in each round; without rounds, there is the check and no more.
    pub rounds: usize,
    /// The length of a timing.
    pub seconds: f64,
    /// Lines of JSON and no table.
    pub json: bool,
    /// Writes the numbers of this peer where the short mode expects them.
    pub record: Option<String>,
}

const PAUSE: Duration = Duration::from_millis(20);

/// The peers there are.
pub const PEERS: [&str; 5] = ["jax", "torch", "numpy", "candle", "burn"];

/// Checks that all compute the same, times them in turn, and prints what was found.
///
/// # Errors
/// A peer that cannot be made or started, that answers with an error, or that computes something else.
pub fn compare(options: &Options) -> Result<()> {
    let workloads = chosen(&options.workloads)?;
    if options.record.is_some() && workloads.len() < WORKLOADS.len() {
        return Err("the numbers of all workloads are recorded together".into());
    }
    let mut peers = vec![Peer::ours()?];
    for name in &options.peers {
        peers.push(peers::ready(name)?);
    }
    let machine = Machine::measure()?;
    let mut contestants = Vec::new();
    for threads in &options.threads {
        for peer in &peers {
            let mut child = peer.start(*threads)?;
            let entries = child.list()?;
            contestants.push(Contestant { peer, child, entries });
        }
    }
    if !options.peers.is_empty() || options.record.is_some() {
        check(&workloads, &mut contestants, options.record.as_deref())?;
    }
    if options.rounds == 0 {
        return Ok(());
    }
    let mut rows = Vec::new();
    let before = taken(&contestants);
    for about in &workloads {
        rows.extend(time(about, &mut contestants, &machine, options)?);
    }
    let others = before.ok().zip(taken(&contestants).ok()).map(|(before, after)| others(before, after));
    drop(contestants);
    let memory = memory(&peers, &rows)?;
    for row in &mut rows {
        row.memory = memory.get(&(row.workload, row.framework.clone(), row.threads)).copied();
    }
    if !options.json {
        println!(
            "one core: {:.0} GFLOP/s in single, {:.0} in double precision; memory: {:.0} GB/s",
            machine.single / 1e9,
            machine.double / 1e9,
            machine.bandwidth / 1e9
        );
        if let Some(others) = others {
            println!("other processes took {:.0} % of the processors meanwhile", 100.0 * others);
        }
        println!("{}", table(&workloads, &rows));
    }
    rows.iter().for_each(|row| println!("{}", row.json()));
    Ok(())
}

/// A process, and what it implements.
struct Contestant<'a> {
    peer: &'a Peer,
    child: Child,
    entries: Vec<String>,
}

impl Contestant<'_> {
    /// Its implementations of a workload.
    fn of(&self, workload: &str) -> Vec<String> {
        let fits = |id: &&String| id.split_once(':').is_some_and(|(name, _)| name == workload);
        self.entries.iter().filter(fits).cloned().collect()
    }
}

/// Compares the numbers of all with those of the first, which is ours.
fn check(workloads: &[About], contestants: &mut [Contestant<'_>], record: Option<&str>) -> Result<()> {
    let mut complaints = Vec::new();
    let mut expected = String::new();
    for about in workloads {
        let mut ours: Option<Numbers> = None;
        for contestant in contestants.iter_mut() {
            for id in contestant.of(about.name) {
                eprintln!("checking {id} on {} threads", contestant.child.threads);
                let numbers = contestant.child.check(&id)?;
                if record == Some(&contestant.peer.name) && contestant.child.threads == 1 {
                    expected += &short::lines(about.family(), &numbers);
                }
                let differences = ours.get_or_insert_with(|| numbers.clone()).differences(&numbers, about.tolerance);
                complaints.extend(differences.into_iter().map(|text| format!("ours and {id}: {text}")));
            }
            contestant.child.forget()?;
        }
    }
    if !complaints.is_empty() {
        return Err(format!("they do not compute the same:\n{}", complaints.join("\n")).into());
    }
    match record {
        Some(name) => short::record(name, &expected),
        None => Ok(()),
    }
}

/// The samples of one implementation, by round.
struct Timed {
    id: String,
    contestant: usize,
    rounds: Vec<Vec<f64>>,
}

fn time(about: &About, contestants: &mut [Contestant<'_>], machine: &Machine, options: &Options) -> Result<Vec<Row>> {
    let mut timed: Vec<Timed> = Vec::new();
    for (contestant, one) in contestants.iter_mut().enumerate() {
        for id in one.of(about.name) {
            one.child.prepare(&id)?;
            timed.push(Timed { id, contestant, rounds: Vec::new() });
        }
    }
    for round in 1..=options.rounds {
        eprintln!("{}: round {round} of {}", about.name, options.rounds);
        for one in &mut timed {
            // One that takes longer than its time is not waited for again.
            let slow = one.rounds.first().is_some_and(|first| first[0] > 1e6 * options.seconds);
            if !slow {
                // Who ran before may leave threads that spin for a moment.
                std::thread::sleep(PAUSE);
                one.rounds.push(contestants[one.contestant].child.run(&one.id, options.seconds)?);
            }
        }
    }
    let mut rows = Vec::new();
    for one in &timed {
        let child = &mut contestants[one.contestant].child;
        let times = Statistics::of(&one.rounds.concat())?;
        rows.push(Row {
            framework: one.id.split_once(':').map_or(&*one.id, |(_, framework)| framework).to_owned(),
            workload: about.name,
            threads: child.threads,
            times,
            planning: child.planning(&one.id)?,
            memory: None,
            ratio: None,
            ratio_of_minima: None,
            of_limit: machine.limit(about, child.threads).map(|limit| limit / times.median),
        });
    }
    for (i, best) in (0..rows.len()).filter_map(|i| Some((i, best_peer(&rows, rows[i].threads)?))).collect::<Vec<_>>() {
        rows[i].ratio = Some(ratio(&timed[i].rounds, &timed[best].rounds)?);
        rows[i].ratio_of_minima = Some(rows[i].times.min / rows[best].times.min);
    }
    contestants.iter_mut().try_for_each(|one| one.child.forget())?;
    Ok(rows)
}

/// All ticks of the system so far, and those in which a processor worked for somebody else.
fn taken(contestants: &[Contestant<'_>]) -> Result<(u64, u64)> {
    let (all, busy) = ticks()?;
    let own: u64 = contestants.iter().map(|one| one.child.ticks()).sum::<Result<_>>()?;
    Ok((all, busy.saturating_sub(own)))
}

/// The part of the ticks between two moments that others had.
fn others(before: (u64, u64), after: (u64, u64)) -> f64 {
    after.1.saturating_sub(before.1) as f64 / (after.0 - before.0).max(1) as f64
}

/// The quickest that is not ours.
fn best_peer(rows: &[Row], threads: usize) -> Option<usize> {
    let others = (0..rows.len()).filter(|i| rows[*i].threads == threads && !rows[*i].framework.starts_with("autodiff"));
    others.min_by(|a, b| rows[*a].times.median.total_cmp(&rows[*b].times.median))
}

/// The median over rounds of the quotient of the medians of each round: what changes from round to round cancels.
fn ratio(ours: &[Vec<f64>], theirs: &[Vec<f64>]) -> Result<f64> {
    let quotient = |(a, b): (&Vec<f64>, &Vec<f64>)| Ok(median(a)? / median(b)?);
    median(&ours.iter().zip(theirs).map(quotient).collect::<Result<Vec<_>>>()?)
}

/// Peak memory by workload, framework and threads, each in a process of its own that makes one step.
fn memory(peers: &[Peer], rows: &[Row]) -> Result<HashMap<(&'static str, String, usize), f64>> {
    let mut found = HashMap::new();
    let fewest = rows.iter().map(|row| row.threads).min().unwrap_or(1);
    for peer in peers {
        let entries = peer.start(fewest)?.list()?;
        for row in rows.iter().filter(|row| row.threads == fewest) {
            let id = format!("{}:{}", row.workload, row.framework);
            if entries.contains(&id) {
                let mut child = peer.start(fewest)?;
                child.run(&id, 0.0)?;
                // Not every system tells; the table then has a dash.
                if let Ok(mib) = child.memory() {
                    found.insert((row.workload, row.framework.clone(), fewest), mib);
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_that_of_rounds() {
        // The second round is slow for both: the quotient stays 2.
        let ours = [vec![2.0, 2.0], vec![20.0], vec![2.0]];
        let theirs = [vec![1.0], vec![10.0, 10.0, 11.0], vec![1.0]];
        assert_eq!(ratio(&ours, &theirs).unwrap(), 2.0);
        // Who took part in the first round only is compared in that.
        assert_eq!(ratio(&ours, &theirs[..1]).unwrap(), 2.0);
        assert!(ratio(&ours, &[]).is_err());
    }
}
