//! Pages of lists.

use super::part::{Part, Seen};
use uuid::Uuid;

/// Rows that one look at a list reads at most. What narrows it may have no index: then a page ends
/// there, full or not, and says where to go on.
pub const SCAN: i64 = 20_000;

/// A page of a list that is kept newest first, by ids that sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Only what is older than this.
    pub older_than: Option<Uuid>,
    /// Only what is newer than this: the page that ends just before it.
    pub newer_than: Option<Uuid>,
    /// Most rows to give.
    pub limit: u8,
}

impl Window {
    /// How many rows to read: one more than to give, to see whether there are more.
    pub fn reach(self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Whether the object with this id may be on the page.
    pub fn holds(self, id: Uuid) -> bool {
        self.older_than.is_none_or(|end| id < end) && self.newer_than.is_none_or(|end| id > end)
    }

    /// The page of what was seen, newest first.
    pub fn part(self, seen: Vec<Seen>) -> Part<Uuid> {
        let last = seen.iter().find(|row| row.is_last).map(|row| row.id);
        let wanted = seen.into_iter().filter(|row| row.is_wanted);
        let (rows, is_cut) = self.cut(wanted.map(|row| row.id).collect());
        let stopped_at = last.filter(|_| !is_cut);
        Part {
            rows,
            has_more: is_cut || stopped_at.is_some(),
            stopped_at,
        }
    }

    /// Cuts rows, newest first, to the limit, and says whether there were more.
    pub fn cut<T>(self, mut rows: Vec<T>) -> (Vec<T>, bool) {
        let limit = usize::from(self.limit);
        let surplus = rows.len().saturating_sub(limit);
        if self.newer_than.is_some() {
            rows.drain(..surplus);
        } else {
            rows.truncate(limit);
        }
        (rows, surplus > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_lies_nearest_to_its_end() {
        let page = |older_than: Option<u128>, newer_than: Option<u128>| {
            let window = Window {
                older_than: older_than.map(Uuid::from_u128),
                newer_than: newer_than.map(Uuid::from_u128),
                limit: 2,
            };
            let mut rows = vec![5, 4, 3, 2, 1];
            rows.retain(|&row| window.holds(Uuid::from_u128(row)));
            window.cut(rows)
        };
        assert_eq!(page(None, None), (vec![5, 4], true));
        assert_eq!(page(Some(4), None), (vec![3, 2], true));
        assert_eq!(page(Some(2), None), (vec![1], false));
        assert_eq!(page(None, Some(1)), (vec![3, 2], true));
        assert_eq!(page(None, Some(3)), (vec![5, 4], false));
    }
    #[test]
    fn a_look_that_ends_early_says_where() {
        let window = Window {
            older_than: None,
            newer_than: None,
            limit: 2,
        };
        let seen = |id: u128, is_wanted, is_last| Seen {
            id: Uuid::from_u128(id),
            is_wanted,
            is_last,
        };
        let part = |seen: &[Seen]| {
            let part = window.part(seen.to_vec());
            let number = |id: &Uuid| id.as_u128();
            let rows: Vec<u128> = part.rows.iter().map(number).collect();
            (rows, part.has_more, part.stopped_at.as_ref().map(number))
        };
        let (nine, eight) = (seen(9, true, false), seen(8, true, false));
        let (last, wanted_last) = (seen(1, false, true), seen(1, true, true));
        assert_eq!(part(&[]), (vec![], false, None));
        assert_eq!(part(&[nine]), (vec![9], false, None));
        assert_eq!(part(&[nine, last]), (vec![9], true, Some(1)));
        assert_eq!(part(&[nine, wanted_last]), (vec![9, 1], true, Some(1)));
        assert_eq!(part(&[nine, eight, last]), (vec![9, 8], true, Some(1)));
        assert_eq!(part(&[nine, eight, wanted_last]), (vec![9, 8], true, None));
    }
}
