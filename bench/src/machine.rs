//! What the machine can do at best, measured, and what a process holds.

use crate::Result;
use crate::workload::About;
use autodiff::kernels::{self, Operand, View, ViewMut};
use autodiff::{Real, Shape};
use std::hint::black_box;
use std::time::Instant;

/// What one core does at best.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// Operations of single precision per second, two for a fused multiply-add.
    pub single: f64,
    /// Operations of double precision per second.
    pub double: f64,
    /// Bytes per second between memory and the processor, read and written.
    pub bandwidth: f64,
}

impl Machine {
    /// Measures the machine, in about half a second.
    ///
    /// # Errors
    /// None in practice.
    pub fn measure() -> Result<Self> {
        Ok(Machine { single: multiply_adds::<f32>()?, double: multiply_adds::<f64>()?, bandwidth: copy()? })
    }

    /// The microseconds that `about` takes at least on this many threads, if anything is known to bound it. Memory serves
    /// two cores no faster than one.
    pub fn limit(&self, about: &About, threads: usize) -> Option<f64> {
        let rate = if about.single { self.single } else { self.double };
        let products = about.flops / (rate * threads as f64);
        let seconds = products.max(about.bytes / self.bandwidth);
        (seconds > 0.0).then_some(seconds * 1e6)
    }
}

/// Chains of fused multiply-adds over numbers that stay in the first cache. The kernels choose the vector instructions of
/// the machine; neighbouring elements are independent, which keeps the units busy as long as chains are short: what waits for
/// its turn in a long one leaves no room for others.
fn multiply_adds<F: Real>() -> Result<f64> {
    const LENGTH: usize = 1024;
    const CHAIN: usize = 8;
    const TIMES: usize = 1000;
    let shape = Shape::from([LENGTH]);
    let x = vec![F::of(0.5); LENGTH];
    let mut y = vec![F::of(0.0); LENGTH];
    let (a, b) = (black_box(F::of(0.999)), black_box(F::of(0.001)));
    best(2.0 * (LENGTH * CHAIN * TIMES) as f64, || {
        for _ in 0..TIMES {
            let input = View::contiguous(black_box(&x), &shape).ok_or("the shape fits")?;
            let output = ViewMut::new(black_box(&mut y), &shape).ok_or("the shape fits")?;
            kernels::map(&[Operand::Real(input)], output, |[x]| (0..CHAIN).fold(x, |y, _| y.mul_add(a, b)))
                .map_err(|refusal| refusal.message)?;
        }
        Ok(())
    })
}

/// y ← a·x over arrays larger than any cache.
fn copy() -> Result<f64> {
    const LENGTH: usize = 8 << 20;
    let x = vec![1.0f64; LENGTH];
    let mut y = vec![0.0f64; LENGTH];
    best((2 * 8 * LENGTH) as f64, || {
        let a = black_box(0.5);
        black_box(&mut y).iter_mut().zip(black_box(&x)).for_each(|(y, x)| *y = a * x);
        Ok(())
    })
}

/// `work` per second in the quickest of several goes after the first: a limit is what nobody passes.
fn best(work: f64, mut go: impl FnMut() -> Result<()>) -> Result<f64> {
    go()?;
    let mut rate = 0.0f64;
    for _ in 0..21 {
        let start = Instant::now();
        go()?;
        rate = rate.max(work / start.elapsed().as_secs_f64());
    }
    Ok(rate)
}

/// The most memory this process has held, in MiB.
///
/// # Errors
/// A system without `/proc`.
pub fn peak_memory() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim_end().parse()?;
    Ok(kib / 1024.0)
}

/// Ticks since the system started, summed over processors: all, and those in which a processor had work.
///
/// # Errors
/// A system without `/proc`.
pub fn ticks() -> Result<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat")?;
    // user, nice, system, idle, waiting for a disk, interrupts, soft interrupts, stolen; guests are users already.
    let words = text.lines().next().unwrap_or_default().split_whitespace().skip(1).take(8);
    let ticks = words.map(str::parse).collect::<std::result::Result<Vec<u64>, _>>()?;
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    let all: u64 = ticks.iter().sum();
    Ok((all, all - idle))
}

/// The ticks in which the process `id` had a processor.
///
/// # Errors
/// A system without `/proc`, or no such process.
pub fn ticks_of(id: u32) -> Result<u64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    // After the name, which may contain anything but ends with the last parenthesis: the 14th and 15th fields of all.
    let rest = text.rsplit(')').next().unwrap_or_default();
    let own = rest.split_whitespace().skip(11).take(2).map(str::parse::<u64>);
    Ok(own.collect::<std::result::Result<Vec<_>, _>>()?.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::WORKLOADS;

    #[test]
    fn a_limit_is_the_larger_of_products_and_bytes() {
        let machine = Machine { single: 2e9, double: 1e9, bandwidth: 1e9 };
        let about = About { flops: 4e6, single: true, bytes: 1e6, ..WORKLOADS[0] };
        assert_eq!(machine.limit(&about, 1), Some(2000.0));
        assert_eq!(machine.limit(&about, 4), Some(1000.0));
        assert_eq!(machine.limit(&About { single: false, ..about }, 1), Some(4000.0));
        assert_eq!(machine.limit(&About { flops: 0.0, bytes: 0.0, ..about }, 1), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn ticks_are_counted() {
        let ((all, busy), own) = (ticks().unwrap(), ticks_of(std::process::id()).unwrap());
        let ((later, busier), own_later) = (ticks().unwrap(), ticks_of(std::process::id()).unwrap());
        // Since the machine began, somebody worked; and no counter runs backwards.
        assert!(0 < busy && busy <= all, "{busy} of {all}");
        assert!(later >= all && busier >= busy && own_later >= own && own <= busier);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_holds_what_it_has_touched() {
        let before = peak_memory().unwrap();
        black_box(vec![1u8; 300 << 20]);
        assert!(peak_memory().unwrap() >= before.max(300.0));
    }
}
