//! The query of a request's URL.

use super::fault::{Fault, repeated};
use super::{parameters::Parameters, pointer};
use crate::base::problem::ProblemCode;
use crate::http::Problem;
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::de::{
    DeserializeOwned, Deserializer, IntoDeserializer, Visitor,
    value::{MapDeserializer, StrDeserializer},
};
use serde::forward_to_deserialize_any;
use std::borrow::Cow;
use std::future::{Ready, ready};

/// The query of a request's URL, read as a `T`. Parameters that `T` does not know are for another
/// reader of the same query, such as [`super::Page`].
#[derive(Clone, Copy, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Self))
    }
}

impl<T: DeserializeOwned> Parameters for Query<T> {
    fn names(names: &mut Vec<&'static str>) {
        names.extend(fields::<T>());
    }
}

/// A parameter's name and value.
type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

fn pairs(query: &str) -> impl Iterator<Item = Pair<'_>> {
    url::form_urlencoded::parse(query.as_bytes())
}

fn at(name: &str) -> String {
    let mut pointer = String::new();
    pointer::push(&mut pointer, name);
    pointer
}

/// Reads the parameters that `T` knows.
pub(super) fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let known = fields::<T>();
    let mut given: Vec<Pair<'_>> = Vec::new();
    for (name, value) in pairs(query).filter(|(name, _)| known.contains(&&**name)) {
        if given.iter().any(|(other, _)| *other == name) {
            return Err(Problem::invalid(at(&name), "is given twice: give it once"));
        }
        // No text in the database holds a NUL, and it takes none to look for.
        if value.contains('\0') {
            let detail = "must not hold the character NUL";
            return Err(Problem::invalid(at(&name), detail));
        }
        given.push((name, value));
    }
    let given = given.iter().map(|(name, value)| (&**name, Text(value)));
    let reader = MapDeserializer::<_, Fault>::new(given);
    serde_path_to_error::deserialize(reader).map_err(|error| error.inner().at(error.path()))
}

/// Refuses parameters that are none of `known`.
pub(super) fn refuse_others(query: &str, known: &[&'static str]) -> Result<(), Problem> {
    let unknown = pairs(query).find(|(name, _)| !known.contains(&&**name));
    let Some((name, _)) = unknown else {
        return Ok(());
    };
    let taken = match known {
        [] => "it takes none".to_owned(),
        known => format!("it takes {}", known.join(", ")),
    };
    let detail = format!("this call takes no parameter {}; {taken}", repeated(&name));
    Err(Problem::new(ProblemCode::UnknownParameter, detail).at(at(&name)))
}

/// The names of the parameters that `T` reads.
fn fields<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // It gives no value: what it is asked for is all that is wanted.
    drop(T::deserialize(Fields(&mut fields)));
    fields
}

/// Hears which fields a type asks for, and gives it none.
struct Fields<'a>(&'a mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
        Err(Fault::Missing(""))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Fault> {
        *self.0 = fields;
        Err(Fault::Missing(""))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The value of a parameter.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'de> IntoDeserializer<'de, Fault> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// The methods that read an integer.
macro_rules! integers {
    ($($method:ident: $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            let number = self.0.parse();
            visitor.$visit(number.map_err(|_| Fault::Wrong("must be an integer".to_owned()))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(StrDeserializer::new(self.0))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            "true" => visitor.visit_bool(true),
            "false" => visitor.visit_bool(false),
            _ => Err(Fault::Wrong("must be true or false".to_owned())),
        }
    }

    integers! {
        deserialize_i64: visit_i64;
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Filter {
        #[serde(rename = "type")]
        kind: Option<String>,
        count: Option<i64>,
    }

    fn fault(query: &str) -> (String, Option<String>) {
        let problem = read::<Filter>(query).unwrap_err();
        let body = problem.body();
        assert_eq!(body.code, ProblemCode::InvalidRequest);
        (body.detail.clone(), body.param.clone())
    }

    #[test]
    fn reads_what_it_knows_and_each_once() {
        let filter: Filter = read("count=3&other=1&other=2&type=a+b%26").unwrap();
        assert_eq!(
            (filter.kind.as_deref(), filter.count),
            (Some("a b&"), Some(3))
        );
        assert_eq!(fault("count=ten").0, "must be an integer");
        assert_eq!(fault("type=%00").1.as_deref(), Some("/type"));
        let twice = fault("count=1&type=a&count=1");
        assert_eq!(twice.1.as_deref(), Some("/count"));
    }

    #[test]
    fn names_a_parameter_that_nobody_reads() {
        let mut known = Vec::new();
        Query::<Filter>::names(&mut known);
        assert_eq!(known, ["type", "count"]);
        assert!(refuse_others("type=a&count=1", &known).is_ok());
        let problem = refuse_others("type=a&Count=1", &known).unwrap_err();
        assert_eq!(problem.code(), ProblemCode::UnknownParameter);
        assert_eq!(problem.body().param.as_deref(), Some("/Count"));
        assert!(problem.body().detail.contains("type, count"));
        assert!(refuse_others("", &[]).is_ok());
        assert!(refuse_others("x", &[]).is_err());
    }
}
