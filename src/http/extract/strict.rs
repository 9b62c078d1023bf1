//! JSON read as it is meant: each value is of the kind that is wanted, or the fault says which.
//!
//! `serde` reads `["12.50", "EUR"]` as a struct whose first two fields are these. Nobody means
//! that, the contract does not allow it, and a new field in the middle would change its meaning.

use super::fault::Fault;
use serde::de::{
    Deserializer, IntoDeserializer, Visitor,
    value::{MapDeserializer, SeqDeserializer, StrDeserializer},
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

/// Reads a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strict<'de>(pub &'de Value);

impl<'de> IntoDeserializer<'de, Fault> for Strict<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Strict<'_> {
    fn integer<T: TryFrom<i128>>(self) -> Result<T, Fault> {
        let Value::Number(number) = self.0 else {
            return Err(Fault::kind("an integer", self.0));
        };
        let small = number.as_i64().map(i128::from);
        let whole = small.or_else(|| number.as_u64().map(i128::from));
        let whole =
            whole.ok_or_else(|| Fault::Wrong("must be an integer, and not so large".to_owned()))?;
        T::try_from(whole).map_err(|_| Fault::Wrong("is too small or too large".to_owned()))
    }

    fn is(self, wanted: &str, fits: fn(&Value) -> bool) -> Result<Self, Fault> {
        if fits(self.0) {
            Ok(self)
        } else {
            Err(Fault::kind(wanted, self.0))
        }
    }
}

/// The methods that read a value of one kind, by the check of it.
macro_rules! kinds {
    ($($method:ident: $wanted:literal, $fits:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            self.is($wanted, $fits)?.deserialize_any(visitor)
        }
    )*};
}

/// The methods that read an integer.
macro_rules! integers {
    ($($method:ident: $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(self.integer()?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Strict<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Value::Array(items) => {
                visitor.visit_seq(SeqDeserializer::new(items.iter().map(Strict)))
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, value)| (&**name, Strict(value)));
                visitor.visit_map(MapDeserializer::new(members))
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain
                .deserialize_any(visitor)
                .map_err(|error| Fault::Wrong(error.to_string())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.0.is_null() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let word = self.0.as_str();
        let word = word.ok_or_else(|| Fault::kind("a string", self.0))?;
        visitor.visit_enum(StrDeserializer::new(word))
    }

    kinds! {
        deserialize_bool: "true or false", Value::is_boolean;
        deserialize_str: "a string", Value::is_string;
        deserialize_string: "a string", Value::is_string;
        deserialize_seq: "an array", Value::is_array;
        deserialize_map: "an object", Value::is_object;
    }

    integers! {
        deserialize_i8: visit_i8;
        deserialize_i16: visit_i16;
        deserialize_i32: visit_i32;
        deserialize_i64: visit_i64;
        deserialize_u8: visit_u8;
        deserialize_u16: visit_u16;
        deserialize_u32: visit_u32;
        deserialize_u64: visit_u64;
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
        ignored_any
    }
}
