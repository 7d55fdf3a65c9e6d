//! Checks values against the bounds of their JSON Schema.
//!
//! A range is written once, as an attribute of the field (`#[schemars(range(min = 1))]`): the same
//! number is printed by `tpo schema` and enforced by [`check`].

use std::cmp::Ordering;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::schema::{KeyPath, Node};
use crate::{Failure, FailureKind};

/// Fails with [`FailureKind::Usage`] if a number, text or list of `value` is outside the bounds of
/// the schema of `T`. `prefix` is the key of `value` in the configuration, for example `train`;
/// empty for the whole configuration.
///
/// A number that is not finite is outside every range. JSON has no such numbers, so a `null` where
/// the schema has a range counts as one: optional fields must not be serialized when they are
/// `None`.
pub fn check<T: JsonSchema + Serialize>(value: &T, prefix: &str) -> Result<(), Failure> {
    let schema = schemars::schema_for!(T).to_value();
    // Through text, where an `f32` has as few digits as the user wrote.
    let value = serde_json::to_string(value)
        .and_then(|text| serde_json::from_str(&text))
        .map_err(|error| {
            Failure::new(FailureKind::Bug, "a setting cannot be serialized").because(error)
        })?;
    let mut path = KeyPath::default();
    if !prefix.is_empty() {
        path = path.key(prefix);
    }
    check_node(Node::root(&schema), &value, &path).map_err(|what| {
        Failure::new(FailureKind::Usage, what).hint("`tpo schema` describes every key")
    })
}

fn check_node(node: Node<'_>, value: &Value, path: &KeyPath) -> Result<(), String> {
    for part in node.parts() {
        check_bounds(part, value, path)?;
    }
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                if let Some(child) = node.child(key) {
                    check_node(child, field, &path.key(key))?;
                }
            }
        }
        Value::Array(items) => {
            if let Some(node) = node.item() {
                for (index, item) in items.iter().enumerate() {
                    check_node(node, item, &path.index(index))?;
                }
            }
        }
        _ => {}
    }
    Ok(())
}

fn check_bounds(schema: &Map<String, Value>, value: &Value, path: &KeyPath) -> Result<(), String> {
    match value {
        Value::Number(number) => {
            let range = Range::of_number(schema);
            if range.contains(number) {
                Ok(())
            } else {
                Err(format!("`{path}` is {}; it must be {range}", Plain(number)))
            }
        }
        Value::Null => {
            let range = Range::of_number(schema);
            if range.is_empty() {
                Ok(())
            } else {
                Err(format!(
                    "`{path}` is not a finite number; it must be {range}"
                ))
            }
        }
        Value::String(text) => {
            let range = Range::of_len(schema, "minLength", "maxLength");
            check_len(&range, text.chars().count(), "characters", path)
        }
        Value::Array(items) => {
            let range = Range::of_len(schema, "minItems", "maxItems");
            check_len(&range, items.len(), "items", path)
        }
        _ => Ok(()),
    }
}

fn check_len(range: &Range<'_>, len: usize, unit: &str, path: &KeyPath) -> Result<(), String> {
    if range.contains(&len.into()) {
        Ok(())
    } else if len == 0 {
        Err(format!("`{path}` is empty"))
    } else {
        Err(format!(
            "the number of {unit} of `{path}` is {len}; it must be {range}"
        ))
    }
}

/// The bounds that a schema sets.
struct Range<'a> {
    min: Option<&'a Number>,
    exclusive_min: Option<&'a Number>,
    max: Option<&'a Number>,
    exclusive_max: Option<&'a Number>,
}

impl<'a> Range<'a> {
    /// The bounds of a number.
    fn of_number(schema: &'a Map<String, Value>) -> Self {
        let bound = |key| schema.get(key).and_then(Value::as_number);
        Self {
            min: bound("minimum"),
            exclusive_min: bound("exclusiveMinimum"),
            max: bound("maximum"),
            exclusive_max: bound("exclusiveMaximum"),
        }
    }

    /// The bounds of a length, by their keys.
    fn of_len(schema: &'a Map<String, Value>, min: &str, max: &str) -> Self {
        let bound = |key| schema.get(key).and_then(Value::as_number);
        Self {
            min: bound(min),
            exclusive_min: None,
            max: bound(max),
            exclusive_max: None,
        }
    }

    fn is_empty(&self) -> bool {
        [self.min, self.exclusive_min, self.max, self.exclusive_max]
            .iter()
            .all(Option::is_none)
    }

    fn contains(&self, number: &Number) -> bool {
        let is = |bound: Option<&Number>, allowed: &[Ordering]| {
            bound.is_none_or(|bound| {
                let order = number.as_f64().partial_cmp(&bound.as_f64());
                order.is_some_and(|order| allowed.contains(&order))
            })
        };
        is(self.min, &[Ordering::Equal, Ordering::Greater])
            && is(self.exclusive_min, &[Ordering::Greater])
            && is(self.max, &[Ordering::Equal, Ordering::Less])
            && is(self.exclusive_max, &[Ordering::Less])
    }
}

impl fmt::Display for Range<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(min), None, Some(max), None) =
            (self.min, self.exclusive_min, self.max, self.exclusive_max)
        {
            return write!(f, "between {} and {}", Plain(min), Plain(max));
        }
        let bounds = [
            ("at least", self.min),
            ("more than", self.exclusive_min),
            ("at most", self.max),
            ("less than", self.exclusive_max),
        ];
        let bounds: Vec<String> = bounds
            .iter()
            .filter_map(|(words, bound)| Some(format!("{words} {}", Plain((*bound)?))))
            .collect();
        f.write_str(&bounds.join(" and "))
    }
}

/// A number as people write it: `1`, not `1.0`.
struct Plain<'a>(&'a Number);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_f64() {
            Some(number) if self.0.is_f64() => number.fmt(f),
            _ => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize, JsonSchema)]
    struct Outer {
        #[schemars(range(min = 1, max = 10))]
        whole: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        #[schemars(range(min = 0.5, max = 2.0))]
        optional: Option<f64>,
        #[schemars(length(min = 1, max = 3))]
        name: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        inner: Option<Inner>,
        by_name: BTreeMap<String, Inner>,
        list: Vec<Inner>,
        #[schemars(range(min = 0.0), extend("exclusiveMaximum" = 1))]
        fraction: f64,
    }

    #[derive(Clone, Serialize, JsonSchema)]
    struct Inner {
        #[schemars(range(min = 0.001))]
        single: f32,
        #[schemars(extend("exclusiveMinimum" = 0))]
        weight: f64,
        #[schemars(length(min = 1))]
        items: Vec<u8>,
    }

    fn inner() -> Inner {
        Inner {
            single: 0.001,
            weight: 1.0,
            items: vec![1],
        }
    }

    fn outer() -> Outer {
        Outer {
            whole: 1,
            optional: None,
            name: "abc".into(),
            inner: Some(inner()),
            by_name: BTreeMap::from([("a".into(), inner())]),
            list: vec![inner(), inner()],
            fraction: 0.0,
        }
    }

    fn refusal(change: impl FnOnce(&mut Outer)) -> String {
        let mut outer = outer();
        change(&mut outer);
        check(&outer, "top").expect_err("out of bounds").to_string()
    }

    #[test]
    fn bounds_are_allowed_values() {
        check(&outer(), "").expect("all on a bound");
        for (whole, optional) in [(1, 0.5), (10, 2.0)] {
            let outer = Outer {
                whole,
                optional: Some(optional),
                ..outer()
            };
            check(&outer, "").expect("all on a bound");
        }
    }

    #[test]
    fn values_outside_are_refused_by_path_and_range() {
        assert_eq!(
            refusal(|outer| outer.whole = 11),
            "`top.whole` is 11; it must be between 1 and 10"
        );
        assert_eq!(
            refusal(|outer| outer.optional = Some(2.5)),
            "`top.optional` is 2.5; it must be between 0.5 and 2"
        );
        assert_eq!(
            refusal(|outer| outer.fraction = 1.0),
            "`top.fraction` is 1; it must be at least 0 and less than 1"
        );
        assert_eq!(refusal(|outer| outer.name.clear()), "`top.name` is empty");
        assert_eq!(
            refusal(|outer| outer.name = "äöüß".into()),
            "the number of characters of `top.name` is 4; it must be between 1 and 3"
        );
    }

    #[test]
    fn tables_maps_and_lists_are_checked() {
        assert_eq!(
            refusal(|outer| outer.inner = Some(Inner {
                single: 0.0005,
                ..inner()
            })),
            "`top.inner.single` is 0.0005; it must be at least 0.001"
        );
        assert_eq!(
            refusal(|outer| {
                outer.by_name.insert(
                    "b".into(),
                    Inner {
                        weight: 0.0,
                        ..inner()
                    },
                );
            }),
            "`top.by_name.b.weight` is 0; it must be more than 0"
        );
        assert_eq!(
            refusal(|outer| outer.list[1].items.clear()),
            "`top.list[1].items` is empty"
        );
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        let range = "it must be between 0.5 and 2";
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(
                refusal(|outer| outer.optional = Some(number)),
                format!("`top.optional` is not a finite number; {range}")
            );
        }
    }
}
