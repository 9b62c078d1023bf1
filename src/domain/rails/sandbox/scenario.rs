//! Scenarios: payment methods that say themselves what becomes of a charge, when, and how it is told.
//! Nothing else is kept of them, so that the sandbox knows the truth of every charge at any time.

use crate::domain::rails::answer::{DeclineCode, RailAnswer};
use std::{fmt, str::FromStr};
use time::Duration;

/// What the payment methods begin with.
const NAME: &str = "pm_sandbox_scenario.";
/// The one that has a name of its own.
const DISPUTE: &str = "pm_sandbox_dispute";
/// Longest time until something happens, in seconds: a year.
const LONGEST: u32 = 366 * 24 * 60 * 60;
/// How much later a webhook comes that is late.
const LATE: Duration = Duration::hours(1);

crate::names! {
    /// What a charge is answered.
    pub enum First {
        /// It succeeds.
        Succeeded = "succeeded",
        /// It is declined.
        Declined = "declined",
        /// It is taken on.
        Pending = "pending",
        /// The payer must act first.
        RequiresAction = "requires_action",
        /// The answer is lost; what happened comes after it.
        Lost = "lost",
    }
}

crate::names! {
    /// What happens afterwards.
    pub enum Then {
        /// It succeeds after all.
        Succeeded = "succeeded",
        /// It is declined.
        Declined = "declined",
        /// The payer's bank takes it back.
        Disputed = "disputed",
    }
}

crate::names! {
    /// How a charge is told beside its answer: once, when something happens, if nothing is said.
    pub enum Webhook {
        /// Before the answer.
        First = "first",
        /// Twice each time.
        Twice = "twice",
        /// An hour later.
        Late = "late",
        /// Not at all: who wants to know must ask.
        None = "none",
    }
}

/// What becomes of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    answer: First,
    after: u32,
    then: Option<Then>,
    /// None where nothing is told.
    told: Option<Told>,
}

/// How it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    first: bool,
    twice: bool,
    late: bool,
}

/// What the sandbox tells of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// What became of it.
    Charge(RailAnswer),
    /// The payer's bank took it back.
    Dispute,
}

/// Why there is no such scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// The time is too long.
    #[error("`after` is at most 366 days")]
    TooLong,
    /// Something comes after nothing.
    #[error("`after` needs `then`, which says what happens")]
    NothingThen,
    /// What is final can only be disputed, and nothing else can.
    #[error("what has succeeded can be `disputed` and nothing else, and nothing else can be")]
    Final,
    /// Two things that cannot be.
    #[error("`none` stands alone")]
    NoneAndSome,
}

impl Scenario {
    /// What is answered; what happens so many seconds later, if anything does; and how it is told.
    pub fn new(
        answer: First,
        (after, then): (u32, Option<Then>),
        webhooks: &[Webhook],
    ) -> Result<Self, ScenarioError> {
        let has = |one| webhooks.contains(&one);
        let told = (!has(Webhook::None)).then_some(Told {
            first: has(Webhook::First),
            twice: has(Webhook::Twice),
            late: has(Webhook::Late),
        });
        if after > LONGEST {
            return Err(ScenarioError::TooLong);
        }
        if told.is_none() && webhooks.len() > 1 {
            return Err(ScenarioError::NoneAndSome);
        }
        let then = match (answer, then) {
            (First::Lost, None) => Some(Then::Succeeded),
            (_, then) => then,
        };
        let is_final = answer == First::Succeeded;
        match then {
            None if after > 0 => Err(ScenarioError::NothingThen),
            Some(then) if (then == Then::Disputed) != is_final => Err(ScenarioError::Final),
            None | Some(_) => Ok(Self {
                answer,
                after,
                then,
                told,
            }),
        }
    }

    /// What a charge is answered at first; none if the answer is lost.
    pub fn answer(self) -> RailAnswer {
        match self.answer {
            First::Lost => RailAnswer::Unknown,
            First::Succeeded | First::Declined | First::Pending | First::RequiresAction => {
                self.state(Duration::ZERO)
            }
        }
    }

    /// How a charge stands so long after it was made.
    pub fn state(self, since: Duration) -> RailAnswer {
        let declined = RailAnswer::Declined(DeclineCode::CardDeclined);
        match self.then.filter(|_| since >= self.after()) {
            Some(Then::Succeeded) => return RailAnswer::Succeeded,
            Some(Then::Declined) => return declined,
            Some(Then::Disputed) | None => {}
        }
        match self.answer {
            First::Succeeded => RailAnswer::Succeeded,
            First::Declined => declined,
            First::RequiresAction => RailAnswer::RequiresAction,
            First::Pending | First::Lost => RailAnswer::Pending,
        }
    }

    /// Whether a webhook comes before the answer.
    pub fn is_told_first(self) -> bool {
        self.told.is_some_and(|told| told.first)
    }

    /// What is told of a charge, and how long after it was made.
    pub fn news(self) -> Vec<(Duration, News)> {
        let Some(told) = self.told else {
            return Vec::new();
        };
        let at_first = match self.answer {
            First::Succeeded | First::Declined => true,
            First::Pending | First::RequiresAction => told.first,
            First::Lost => false,
        };
        let first = at_first.then_some((Duration::ZERO, News::Charge(self.state(Duration::ZERO))));
        let then = self.then.map(|then| {
            let news = match then {
                Then::Disputed => News::Dispute,
                Then::Succeeded | Then::Declined => News::Charge(self.state(self.after())),
            };
            (self.after(), news)
        });
        let late = if told.late { LATE } else { Duration::ZERO };
        let times = if told.twice { 2 } else { 1 };
        let all = first.into_iter().chain(then);
        let all = all.flat_map(|news| std::iter::repeat_n(news, times));
        all.map(|(at, news)| (at + late, news)).collect()
    }

    fn after(self) -> Duration {
        Duration::seconds(self.after.into())
    }
}

/// The name of the payment method.
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == dispute() {
            return f.write_str(DISPUTE);
        }
        write!(f, "{NAME}{}", self.answer)?;
        if let Some(then) = self.then {
            write!(f, ".{}s.{then}", self.after)?;
        }
        let told = match self.told {
            None => vec![Webhook::None],
            Some(told) => [
                (told.first, Webhook::First),
                (told.twice, Webhook::Twice),
                (told.late, Webhook::Late),
            ]
            .into_iter()
            .filter_map(|(is_so, webhook)| is_so.then_some(webhook))
            .collect(),
        };
        for webhook in told {
            write!(f, ".{webhook}")?;
        }
        Ok(())
    }
}

/// Not the name of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoScenario;

impl FromStr for Scenario {
    type Err = NoScenario;

    /// Reads the name of the payment method: only as it is printed.
    fn from_str(name: &str) -> Result<Self, NoScenario> {
        if name == DISPUTE {
            return Ok(dispute());
        }
        let rest = name.strip_prefix(NAME).ok_or(NoScenario)?;
        let mut words = rest.split('.').peekable();
        let answer = words.next().and_then(|word| word.parse().ok());
        let seconds = |word: &&str| word.strip_suffix('s').and_then(|s| s.parse().ok());
        let after: Option<u32> = words.peek().and_then(seconds);
        let then = match after {
            Some(_) => words.nth(1).and_then(|word| word.parse().ok()),
            None => None,
        };
        let webhooks: Result<Vec<Webhook>, _> = words.map(str::parse).collect();
        let webhooks = webhooks.map_err(|_| NoScenario)?;
        let answer = answer.ok_or(NoScenario)?;
        let read = Self::new(answer, (after.unwrap_or_default(), then), &webhooks);
        let read = read.map_err(|_| NoScenario)?;
        (read.to_string() == name).then_some(read).ok_or(NoScenario)
    }
}

/// A charge that succeeds and is disputed.
const fn dispute() -> Scenario {
    Scenario {
        answer: First::Succeeded,
        after: 0,
        then: Some(Then::Disputed),
        told: Some(Told {
            first: false,
            twice: false,
            late: false,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(name: &str) -> Scenario {
        let name = format!("{NAME}{name}");
        name.parse().unwrap_or_else(|_| panic!("{name}"))
    }

    #[test]
    fn a_charge_is_what_its_scenario_says() {
        let declined = RailAnswer::Declined(DeclineCode::CardDeclined);
        let lost = read("lost.3s.succeeded.twice");
        assert_eq!(lost.answer(), RailAnswer::Unknown);
        assert_eq!(lost.state(Duration::seconds(2)), RailAnswer::Pending);
        assert_eq!(lost.state(Duration::seconds(3)), RailAnswer::Succeeded);
        let told = (Duration::seconds(3), News::Charge(RailAnswer::Succeeded));
        assert_eq!(lost.news(), [told, told]);
        let late = read("declined.60s.succeeded.late");
        assert_eq!(late.answer(), declined);
        let at = |seconds, news| (Duration::seconds(seconds), News::Charge(news));
        assert_eq!(
            late.news(),
            [at(3600, declined), at(3660, RailAnswer::Succeeded)]
        );
        assert!(read("pending.5s.declined.none").news().is_empty());
        assert!(read("pending").news().is_empty());
        assert_eq!(read("pending.first").news(), [at(0, RailAnswer::Pending)]);
        let disputed: Scenario = DISPUTE.parse().unwrap();
        assert_eq!(disputed.answer(), RailAnswer::Succeeded);
        assert_eq!(disputed.news()[1], (Duration::ZERO, News::Dispute));
        assert_eq!(disputed.to_string(), DISPUTE);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let new =
            |answer, after, then, told: &[Webhook]| Scenario::new(answer, (after, then), told);
        for (made, why) in [
            (
                new(First::Pending, 5, None, &[]),
                ScenarioError::NothingThen,
            ),
            (
                new(First::Pending, 5, Some(Then::Disputed), &[]),
                ScenarioError::Final,
            ),
            (
                new(First::Succeeded, 5, Some(Then::Declined), &[]),
                ScenarioError::Final,
            ),
            (
                new(First::Lost, u32::MAX, None, &[]),
                ScenarioError::TooLong,
            ),
            (
                new(First::Pending, 0, None, &[Webhook::None, Webhook::Late]),
                ScenarioError::NoneAndSome,
            ),
        ] {
            assert_eq!(made, Err(why));
        }
        for name in [
            "pm_sandbox_scenario.",
            "pm_sandbox_scenario.lost",
            "pm_sandbox_scenario.lost.03s.succeeded",
            "pm_sandbox_scenario.pending.3s",
            "pm_sandbox_scenario.pending.late.first",
            "pm_sandbox_scenario.succeeded.0s.disputed",
            "pm_sandbox_ok",
        ] {
            assert_eq!(name.parse::<Scenario>(), Err(NoScenario), "{name}");
        }
    }

    proptest! {
        #[test]
        fn names_read_back(
            answer in prop::sample::select(First::WORDS),
            after in 0..=LONGEST,
            then in prop::option::of(prop::sample::select(Then::WORDS)),
            told in prop::collection::vec(prop::sample::select(Webhook::WORDS), 0..3),
            any in "\\PC{0,60}",
        ) {
            let then = then.map(|then| then.parse().unwrap());
            let told: Vec<Webhook> = told.iter().map(|word| word.parse().unwrap()).collect();
            if let Ok(made) = Scenario::new(answer.parse().unwrap(), (after, then), &told) {
                prop_assert_eq!(made.to_string().parse(), Ok(made));
            }
            prop_assert!(any.parse::<Scenario>().is_err());
        }
    }
}
