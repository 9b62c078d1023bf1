//! Processor time and memory, as the operating system counts them.

use super::sample::micros;
use nix::time::ClockId;
use serde::Serialize;
use std::{fs, io, path::Path, time::Duration};

/// What `/proc` counts processor time in: a hundredth of a second, on every machine that Postgres
/// runs on.
const TICK: Duration = Duration::from_millis(10);

/// Processor time since the start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    /// That of the service.
    pub service: Duration,
    /// That of Postgres, where it can be seen.
    pub postgres: Option<Duration>,
}

/// The processor time of one piece of work, in microseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Share {
    /// That of the service.
    pub service_us: u64,
    /// That of Postgres, where it can be seen.
    pub postgres_us: Option<u64>,
}

impl Cost {
    /// What each of `count` pieces of work cost since `before`.
    pub fn share(self, before: Self, count: usize) -> Share {
        let each = |spent| {
            let count = u64::try_from(count).unwrap_or(u64::MAX);
            micros(spent).checked_div(count).unwrap_or(0)
        };
        let postgres = self.postgres.zip(before.postgres);
        Share {
            service_us: each(self.service.saturating_sub(before.service)),
            postgres_us: postgres.map(|(after, before)| each(after.saturating_sub(before))),
        }
    }
}

/// The processor time of the thread that asks.
pub(super) fn of_this_thread() -> io::Result<Duration> {
    Ok(ClockId::CLOCK_THREAD_CPUTIME_ID.now()?.into())
}

/// The processor time of this process.
pub(super) fn of_this_process() -> io::Result<Duration> {
    Ok(ClockId::CLOCK_PROCESS_CPUTIME_ID.now()?.into())
}

/// The processor time of a Postgres: of its first process, of its others, and of those that
/// ended.
pub(super) fn of_postgres(process: u32) -> Option<Duration> {
    let mut ticks = Stat::of(&process.to_string())?.all();
    for entry in fs::read_dir("/proc").ok()?.flatten() {
        let name = entry.file_name();
        let stat = name.to_str().and_then(Stat::of);
        ticks += stat
            .filter(|stat| stat.parent == process)
            .map_or(0, |stat| stat.own);
    }
    Some(TICK * ticks)
}

/// The memory of this process that is in the machine's, in bytes.
pub(super) fn resident_bytes() -> Option<u64> {
    of_status("VmRSS:", &fs::read_to_string("/proc/self/status").ok()?)
}

/// The most that it was since [`forget_peak`].
pub(super) fn peak_bytes() -> Option<u64> {
    of_status("VmHWM:", &fs::read_to_string("/proc/self/status").ok()?)
}

/// Begins anew with the peak, where the system lets us; else it is that of the whole run.
pub(super) fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

fn of_status(name: &str, status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// What `/proc/<process>/stat` says.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    /// Ticks of its own.
    own: u32,
    /// Ticks of its children that ended.
    ended: u32,
}

impl Stat {
    fn of(process: &str) -> Option<Self> {
        process.parse::<u32>().ok()?;
        let path = Path::new("/proc").join(process).join("stat");
        Self::read(&fs::read_to_string(path).ok()?)
    }

    /// The name before the last parenthesis may hold anything; the numbers follow it.
    fn read(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let field = |index| rest.split_whitespace().nth(index)?.parse::<u32>().ok();
        Some(Self {
            parent: field(1)?,
            own: field(11)? + field(12)?,
            ended: field(13)? + field(14)?,
        })
    }

    fn all(&self) -> u32 {
        self.own + self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_system_says() {
        let stat = "4711 (postgres: a) b) S 42 1 1 0 -1 4194560 9 8 7 6 100 20 3000 400 20 0 1";
        let expected = Stat {
            parent: 42,
            own: 120,
            ended: 3400,
        };
        assert_eq!(Stat::read(stat), Some(expected));
        let status = "VmHWM:\t4096 kB\nVmRSS:\t  2048 kB\n";
        assert_eq!(of_status("VmRSS:", status), Some(2 << 20));
        assert_eq!(of_status("VmHWM:", status), Some(4 << 20));
        assert_eq!(of_status("VmRSS:", "Name:\tx\n"), None);
    }

    #[test]
    fn work_costs_its_share_of_the_time() {
        let cost = |service, postgres| Cost {
            service: Duration::from_millis(service),
            postgres,
        };
        let share = cost(50, None).share(cost(10, None), 10);
        assert_eq!((share.service_us, share.postgres_us), (4000, None));
        let second = Some(Duration::from_secs(1));
        let share = cost(50, second).share(cost(10, Some(TICK)), 0);
        assert_eq!((share.service_us, share.postgres_us), (0, Some(0)));
    }
}
