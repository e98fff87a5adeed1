//! The sizes Fargate has (ECS developer guide, "Task size").

use std::ops::RangeInclusive;

/// One row: CPU units, and the memory in MiB that goes with them.
struct Row {
    cpu: u32,
    memory: RangeInclusive<u32>,
    step: u32,
    /// Sizes beside the range.
    also: &'static [u32],
}

const fn row(cpu: u32, low: u32, high: u32, step: u32) -> Row {
    Row { cpu, memory: low..=high, step, also: &[] }
}

const TABLE: &[Row] = &[
    Row { cpu: 256, memory: 1024..=2048, step: 1024, also: &[512] },
    row(512, 1024, 4096, 1024),
    row(1024, 2048, 8192, 1024),
    row(2048, 4096, 16384, 1024),
    row(4096, 8192, 30720, 1024),
    row(8192, 16384, 61440, 4096),
    row(16384, 32768, 122_880, 8192),
    Row { cpu: 32768, memory: 61440..=122_880, step: 61440, also: &[249_856] },
];

impl Row {
    fn has(&self, memory: u32) -> bool {
        self.also.contains(&memory)
            || (self.memory.contains(&memory)
                && (memory - self.memory.start()).is_multiple_of(self.step))
    }

    fn sizes(&self) -> impl Iterator<Item = u32> {
        let steps = (*self.memory.start()..=*self.memory.end()).step_by(self.step as usize);
        self.also.iter().copied().chain(steps)
    }

    fn smallest(&self) -> u32 {
        self.sizes().min().unwrap_or(*self.memory.start())
    }
}

/// Says whether Fargate has this size.
pub(crate) fn exists(cpu: u32, memory: u32) -> bool {
    TABLE.iter().any(|row| row.cpu == cpu && row.has(memory))
}

/// Returns the CPU sizes, in units.
pub(crate) fn cpus() -> impl Iterator<Item = u32> {
    TABLE.iter().map(|row| row.cpu)
}

/// Returns the smallest memory that goes with a CPU size.
pub(crate) fn smallest_memory(cpu: u32) -> Option<u32> {
    TABLE.iter().find(|row| row.cpu == cpu).map(Row::smallest)
}

/// Returns the smallest CPU size that goes with a memory size.
pub(crate) fn smallest_cpu(memory: u32) -> Option<u32> {
    TABLE.iter().find(|row| row.has(memory)).map(|row| row.cpu)
}

/// Returns up to two legal pairs near an illegal one: same CPU, and same memory.
pub(crate) fn nearest(cpu: u32, memory: u32) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    if let Some(row) = TABLE.iter().find(|row| row.cpu == cpu) {
        pairs.extend(row.sizes().min_by_key(|size| size.abs_diff(memory)).map(|size| (cpu, size)));
    }
    let with_memory = TABLE.iter().filter(|row| row.has(memory));
    pairs.extend(with_memory.min_by_key(|row| row.cpu.abs_diff(cpu)).map(|row| (row.cpu, memory)));
    if pairs.is_empty() {
        let all = TABLE.iter().flat_map(|row| row.sizes().map(|size| (row.cpu, size)));
        // A quarter vCPU is about as much as half a GB in price; the distance need not be finer.
        let distance = |pair: &(u32, u32)| {
            u64::from(pair.0.abs_diff(cpu)) * 4 + u64::from(pair.1.abs_diff(memory))
        };
        pairs.extend(all.min_by_key(distance));
    }
    pairs
}

/// Writes a memory range of one CPU size for people.
pub(crate) fn describe(cpu: u32) -> Option<String> {
    use crate::units::human_size;
    let row = TABLE.iter().find(|row| row.cpu == cpu)?;
    let mut sizes: Vec<u32> = row.sizes().collect();
    sizes.sort_unstable();
    Some(if sizes.len() <= 4 {
        sizes.into_iter().map(human_size).collect::<Vec<_>>().join(", ")
    } else {
        format!(
            "{} to {} in steps of {}",
            human_size(*row.memory.start()),
            human_size(*row.memory.end()),
            human_size(row.step)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_the_guide() {
        for (cpu, memory) in [(256, 512), (256, 2048), (512, 3072), (4096, 30720), (8192, 20480)] {
            assert!(exists(cpu, memory), "{cpu} {memory}");
        }
        for (cpu, memory) in [(256, 3072), (512, 512), (1024, 1024), (8192, 17408), (300, 512)] {
            assert!(!exists(cpu, memory), "{cpu} {memory}");
        }
    }

    #[test]
    fn advice_is_legal() {
        for cpu in [1, 256, 300, 512, 1024, 4096, 99999] {
            for memory in [1, 512, 600, 1024, 5000, 200_000] {
                let pairs = nearest(cpu, memory);
                assert!(!pairs.is_empty());
                assert!(pairs.iter().all(|(cpu, memory)| exists(*cpu, *memory)), "{pairs:?}");
            }
        }
        assert_eq!(nearest(256, 4096), [(256, 2048), (512, 4096)]);
    }
}
