//! Pages of lists.

/// A page of a list that is kept newest first, by ids that sort by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Only what is older than this.
    pub older_than: Option<uuid::Uuid>,
    /// Only what is newer than this: the page that ends just before it.
    pub newer_than: Option<uuid::Uuid>,
    /// Most rows to give.
    pub limit: u8,
}

impl Window {
    /// How many rows to read: one more than to give, to see whether there are more.
    pub fn reach(self) -> i64 {
        i64::from(self.limit) + 1
    }

    /// Whether the object with this id may be on the page.
    pub fn holds(self, id: uuid::Uuid) -> bool {
        self.older_than.is_none_or(|end| id < end) && self.newer_than.is_none_or(|end| id > end)
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
    use uuid::Uuid;

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
}
