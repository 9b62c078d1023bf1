//! Which part of a list is asked for: `?limit=&after=&before=`.

use super::{Query, parameters::Parameters, query};
use crate::base::db::Window;
use crate::http::Problem;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::Deserialize;
use std::future::{Ready, ready};
use std::str::FromStr;
use time::OffsetDateTime;
use uuid::Uuid;

const LIMIT_DEFAULT: u8 = 20;
const LIMIT_MAX: u8 = 100;

/// Where in a list, which has the newest first, a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor<Id> {
    /// At the newest.
    Start,
    /// With the next older one than this.
    After(Id),
    /// So that it ends with the next newer one than this.
    Before(Id),
}

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<Id> {
    /// Most objects to give: 1 to 100.
    pub limit: u8,
    /// Where to begin.
    pub cursor: Cursor<Id>,
}

/// The parameters of a list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Most objects to give, 1 to 100; 20 if left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    /// Begin after the object with this id: older ones.
    after: Option<String>,
    /// End before the object with this id: newer ones.
    before: Option<String>,
}

impl<Id> Page<Id> {
    /// The same for a store.
    pub fn window(self, uuid: impl Fn(Id) -> Uuid) -> Window {
        let (older_than, newer_than) = match self.cursor {
            Cursor::Start => (None, None),
            Cursor::After(id) => (Some(uuid(id)), None),
            Cursor::Before(id) => (None, Some(uuid(id))),
        };
        Window {
            older_than,
            newer_than,
            limit: self.limit,
        }
    }
}

impl<Id: FromStr + 'static> FromRequest for Page<Id> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()))
    }
}

impl<Id> Parameters for Page<Id> {
    fn names(names: &mut Vec<&'static str>) {
        Query::<PageParams>::names(names);
    }
}

fn read<Id: FromStr>(query: &str) -> Result<Page<Id>, Problem> {
    let given: PageParams = query::read(query)?;
    let limit = limit(given.limit)?;
    let cursor = match (given.after, given.before) {
        (None, None) => Cursor::Start,
        (Some(id), None) => Cursor::After(parse(&id, "/after")?),
        (None, Some(id)) => Cursor::Before(parse(&id, "/before")?),
        (Some(_), Some(_)) => {
            let detail = "give either after or before, not both";
            return Err(Problem::invalid("/before", detail));
        }
    };
    Ok(Page { limit, cursor })
}

/// How many objects are asked for: 1 to 100, 20 if nothing is said.
pub fn limit(given: Option<i64>) -> Result<u8, Problem> {
    let limit = given.map_or(Ok(LIMIT_DEFAULT), u8::try_from);
    let limit = limit.ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| Problem::invalid("/limit", "must be an integer from 1 to 100"))
}

/// Refuses a span of time that ends when it begins, or before: nothing is in it. `to` is the
/// parameter of its end.
pub fn check_span(
    begin: Option<OffsetDateTime>,
    end: Option<OffsetDateTime>,
    to: &str,
) -> Result<(), Problem> {
    match (begin, end) {
        (Some(begin), Some(end)) if end <= begin => {
            let detail = "must be later than the beginning: nothing lies in between";
            Err(Problem::invalid(to, detail))
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

fn parse<Id: FromStr>(text: &str, pointer: &str) -> Result<Id, Problem> {
    text.parse()
        .map_err(|_| Problem::invalid(pointer, "this is not the id of an object of this list"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::IntentId;

    #[test]
    fn reads_limit_and_cursor() {
        let id = IntentId(Uuid::from_u128(1));
        let page = |query: &str| read::<IntentId>(query).unwrap();
        let start = Page {
            limit: 20,
            cursor: Cursor::Start,
        };
        assert_eq!(page(""), start);
        assert_eq!(page("status=succeeded&limit=20"), start);
        let after = page(&format!("limit=100&after={id}"));
        assert_eq!((after.limit, after.cursor), (100, Cursor::After(id)));
        assert_eq!(page(&format!("before={id}")).cursor, Cursor::Before(id));
    }

    #[test]
    fn names_the_parameter_at_fault() {
        let id = IntentId(Uuid::from_u128(1));
        for (query, param) in [
            ("limit=0", "/limit"),
            ("limit=101", "/limit"),
            ("limit=ten", "/limit"),
            ("after=pi_1", "/after"),
            ("before=", "/before"),
            (&format!("after={id}&before={id}"), "/before"),
        ] {
            let problem = read::<IntentId>(query).unwrap_err();
            let found = (problem.status(), problem.body().param.as_deref());
            assert_eq!(found, (422, Some(param)), "{query}");
        }
    }
}
