//! The figures for people, with the ratio of the quiet waits to those beside attackers, and for
//! programs.

use super::{
    super::{point::hundredths, report::decimal, sample::Middle},
    attacks::Counted,
    waits::{Delay, Diary, Wait, quantiles},
};
use crate::program::{ProgramError, print};
use serde_json::{Value, json};

/// All rounds of a run.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// One-row commits a second, before the rounds.
    pub commits_per_second: u64,
    /// How many merchants behave.
    pub merchants: usize,
    /// The rounds in which nobody attacked.
    pub quiet: Vec<Diary>,
    /// The rounds after each of them, in which all did.
    pub attacked: Vec<Diary>,
    /// What was done to them, round by round.
    pub attacks: Vec<Vec<Counted>>,
}

impl Report {
    /// Prints all of it.
    pub fn print(&self) -> Result<(), ProgramError> {
        print::text(&format!(
            "this machine's commits of one row, one after the other: {} a second\n\n{:<25}{:>7}  {:<23}{:<25}{:<24}{:<25}ratio of p99",
            self.commits_per_second,
            format!("{} merchants, one a lane", self.merchants),
            "waits",
            "quiet: p50 ms",
            "p99 ms",
            "attacked: p50 ms",
            "p99 ms",
        ))?;
        for wait in Wait::ALL {
            let (quiet, attacked) = self.delays(wait);
            print::text(&format!(
                "{:<25}{:>7}  {:<23}{:<25}{:<24}{:<25}{}",
                wait.name(),
                self.count(wait),
                millis(quiet.p50_us),
                millis(quiet.p99_us),
                millis(attacked.p50_us),
                millis(attacked.p99_us),
                ranged(self.ratio(wait)),
            ))?;
        }
        print::text(&format!("failed: {}", self.failures().count()))?;
        print::text(&format!(
            "\n{:<32}{:>10}{:>10}",
            "attacks", "requests", "refused"
        ))?;
        for Counted {
            attack,
            requests,
            refused,
        } in self.counted()
        {
            let name = attack.name();
            print::text(&format!("{name:<32}{requests:>10}{refused:>10}"))?;
        }
        Ok(())
    }

    /// What should have been done and was not.
    pub fn failures(&self) -> impl Iterator<Item = &str> {
        let rounds = self.quiet.iter().chain(&self.attacked);
        let failures = rounds.flat_map(|round| &round.failures);
        failures.map(String::as_str)
    }

    /// The same figures for programs; ratios in hundredths.
    pub fn json(&self) -> Value {
        let waits = Wait::ALL.into_iter().map(|wait| {
            let (quiet, attacked) = self.delays(wait);
            json!({
                "wait": wait,
                "count": self.count(wait),
                "quiet": quiet,
                "attacked": attacked,
                "p99_ratio_percent": self.ratio(wait),
            })
        });
        json!({
            "scenario": "fairness",
            "merchants": self.merchants,
            "commits_per_second": self.commits_per_second,
            "waits": waits.collect::<Vec<_>>(),
            "failed": self.failures().count(),
            "attacks": self.counted(),
        })
    }

    fn delays(&self, wait: Wait) -> (Delay, Delay) {
        let of = |rounds: &[Diary]| Delay::of(wait, rounds);
        (of(&self.quiet), of(&self.attacked))
    }

    /// How many times as long each round beside attackers is as the quiet one before it.
    fn ratio(&self, wait: Wait) -> Middle {
        let quiet = quantiles(wait, 99, &self.quiet);
        let attacked = quantiles(wait, 99, &self.attacked).into_iter();
        let pairs = attacked.zip(quiet);
        Middle::of(pairs.map(|(a, b)| hundredths(a, b)).collect())
    }

    fn count(&self, wait: Wait) -> usize {
        let rounds = self.quiet.iter().chain(&self.attacked);
        let waits = rounds.flat_map(|round| &round.waits);
        waits.filter(|(of, _)| *of == wait).count()
    }

    /// The attacks of all rounds together.
    fn counted(&self) -> Vec<Counted> {
        let mut rounds = self.attacks.iter();
        let mut all = rounds.next().cloned().unwrap_or_default();
        for round in rounds {
            for (sum, one) in all.iter_mut().zip(round) {
                sum.requests += one.requests;
                sum.refused += one.refused;
            }
        }
        all
    }
}

fn millis(micros: Middle) -> String {
    ranged(Middle {
        median: micros.median / 10,
        least: micros.least / 10,
        most: micros.most / 10,
    })
}

fn ranged(hundredths: Middle) -> String {
    let Middle {
        median,
        least,
        most,
    } = hundredths;
    let [median, least, most] = [median, least, most].map(decimal);
    format!("{median} ({least}-{most})")
}

#[cfg(test)]
mod tests {
    use super::{super::attacks::Attack, *};
    use std::time::Duration;

    fn round(ms: u64) -> Diary {
        Diary {
            waits: vec![(Wait::Pay, Duration::from_millis(ms))],
            failures: Vec::new(),
        }
    }

    #[test]
    fn rounds_are_compared_with_the_one_before() {
        let attack = Counted {
            attack: Attack::Guesses,
            requests: 3,
            refused: 2,
        };
        let mut report = Report {
            quiet: vec![round(10), round(20)],
            attacked: vec![round(15), round(80)],
            attacks: vec![vec![attack], vec![attack]],
            ..Report::default()
        };
        let expected = Middle {
            median: 400,
            least: 150,
            most: 400,
        };
        assert_eq!(report.ratio(Wait::Pay), expected);
        let json = report.json();
        assert_eq!(json["waits"][2]["quiet"]["p99_us"]["least"], 10_000);
        assert_eq!(json["attacks"][0]["refused"], 4);
        assert_eq!(json["failed"], 0);
        report.attacked[1].failures.push("pay: 503".to_owned());
        assert_eq!(report.failures().collect::<Vec<_>>(), ["pay: 503"]);
    }
}
