//! By which rails something may be paid.

use super::Rail;
use crate::base::invalid::Invalid;

/// The rails by which something may be paid, the one to offer first in front.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rails(Option<Vec<Rail>>);

impl Rails {
    /// Those that a request lists at `/rails`; all that fit if it lists none.
    pub fn parse(listed: Option<Vec<Rail>>) -> Result<Self, Invalid> {
        let Some(rails) = listed else {
            return Ok(Self(None));
        };
        let again = |(at, rail): (usize, &Rail)| rails.iter().take(at).any(|other| other == rail);
        if rails.is_empty() {
            let detail = "is empty: leave it out, and all rails that fit are offered";
            return Err(Invalid::field("/rails", detail));
        }
        if rails.iter().enumerate().any(again) {
            return Err(Invalid::field("/rails", "names a rail twice"));
        }
        Ok(Self(Some(rails)))
    }

    /// Those that were stored.
    pub fn stored(listed: Option<Vec<Rail>>) -> Self {
        Self(listed)
    }

    /// Those that were listed; none if all that fit are allowed.
    pub fn listed(&self) -> Option<&[Rail]> {
        self.0.as_deref()
    }

    /// Whether it may be paid by this rail.
    pub fn allow(&self, rail: Rail) -> bool {
        self.listed().is_none_or(|listed| listed.contains(&rail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_each_rail_once() {
        let both = vec![Rail::BankTransfer, Rail::Sandbox];
        let rails = Rails::parse(Some(both.clone())).unwrap();
        assert_eq!(rails.listed(), Some(both.as_slice()));
        for wrong in [vec![], vec![Rail::Sandbox, Rail::Sandbox]] {
            assert!(Rails::parse(Some(wrong)).is_err());
        }
        assert!(Rails::default().allow(Rail::Sandbox));
        let one = Rails::parse(Some(vec![Rail::BankTransfer])).unwrap();
        assert!(one.allow(Rail::BankTransfer) && !one.allow(Rail::Sandbox));
    }
}
