//! Unexpected inputs that every plugin can get: texts as models write them and data sets hold them.

use serde_json::Value;

/// Fields that hold text of a user, a data set or a model.
const TEXTS: [&str; 8] = [
    "content",
    "responses",
    "first",
    "second",
    "text",
    "thought",
    "response",
    "reference",
];

/// Items of one call.
pub(super) struct HostileInput {
    /// What is unexpected about them.
    pub(super) description: &'static str,
    pub(super) items: Vec<Value>,
}

/// Items like `items` with unexpected texts in them.
pub(super) fn of(items: &[Value]) -> Vec<HostileInput> {
    let texts = [
        ("empty texts", String::new()),
        ("white space", " \n\t\u{a0}\u{3000}\n".into()),
        (
            "control characters",
            "\0\u{1}\u{1b}[31m\u{7f}\u{9b}\r\n\u{202e}end".into(),
        ),
        (
            "non-BMP Unicode",
            "e\u{301}\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} \u{10ffff} \u{fffd}\u{feff}"
                .into(),
        ),
        ("right-to-left text", "שלום مرحبا".into()),
        (
            "text that looks like data",
            "{\"a\": [1, null, \"\\ud800\"]} <script>%s%n</script> $(x) ${y} {{z}}".into(),
        ),
        ("a text of 256 KiB without a space", "a".repeat(256 << 10)),
        ("256 KiB of brackets", "[(".repeat(128 << 10)),
        ("ten thousand lines", "- line\n".repeat(10_000)),
    ];
    let mut inputs = vec![HostileInput {
        description: "instructions without a response",
        items: items.iter().map(without_responses).collect(),
    }];
    for (description, text) in texts {
        // Three items are enough for a text of this size.
        let items = items.iter().take(3);
        inputs.push(HostileInput {
            description,
            items: items.map(|item| with_texts(item, &text, false)).collect(),
        });
    }
    inputs
}

/// The item with no response to it, as when all completions are malformed.
fn without_responses(item: &Value) -> Value {
    let mut item = item.clone();
    for field in ["responses", "candidates"] {
        if let Some(list) = item.get_mut(field) {
            *list = Value::Array(Vec::new());
        }
    }
    item
}

/// The item with every text in it replaced.
fn with_texts(item: &Value, text: &str, is_text: bool) -> Value {
    match item {
        Value::String(_) if is_text => Value::String(text.into()),
        Value::Array(values) => values
            .iter()
            .map(|value| with_texts(value, text, is_text))
            .collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| {
                (
                    key.clone(),
                    with_texts(value, text, TEXTS.contains(&key.as_str())),
                )
            })
            .collect(),
        other => other.clone(),
    }
}
