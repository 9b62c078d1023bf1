//! JSON of which all readers understand the same (RFC 7493): no object names a member twice, and an
//! integer is one however it is written.

use super::fault::repeated;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Reads the bytes of a body.
pub(super) fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(bytes).map(|Plain(value)| value)
}

/// A value that is read.
struct Plain(Value);

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, integer))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Plain(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                let name = repeated(&name);
                return Err(A::Error::custom(format!("an object has {name} twice")));
            }
            let Plain(value) = members.next_value()?;
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

/// `1.0` and `1e0` are the integer 1: JSON has one kind of numbers.
fn integer(number: Number) -> Value {
    let text = number.to_string();
    let whole = text.strip_suffix(".0").and_then(|text| text.parse().ok());
    whole.map_or(Value::Number(number), |whole: i64| whole.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn reads_what_serde_reads() {
        let text = r#"{"a":[null,true,-1,18446744073709551615,1.5,"é\n"],"b":{"c":{}},"":""}"#;
        let plain: Value = serde_json::from_str(text).unwrap();
        assert_eq!(read(text.as_bytes()).unwrap(), plain);
    }

    #[test]
    fn a_name_comes_once_in_an_object() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":2,"\u0061":3}"#,
            r#"{"a":{"b":[{"c":1,"c":2}]}}"#,
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("twice"), "{error}");
        }
        assert!(read(br#"[{"a":1},{"a":{"a":2}}]"#).is_ok());
    }

    #[test]
    fn an_integer_is_one_however_it_is_written() {
        for (text, value) in [
            ("1.0", json!(1)),
            ("1e0", json!(1)),
            ("1E+2", json!(100)),
            ("-0.0", json!(0)),
            ("-3.0", json!(-3)),
            ("1.5", json!(1.5)),
            ("1e30", json!(1e30)),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), value, "{text}");
        }
    }
}
