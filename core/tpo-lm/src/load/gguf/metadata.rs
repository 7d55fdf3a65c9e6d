//! The key-value part of a GGUF file, with failures that name file and key.
//!
//! Files have integers of any width under the same key, so all widths are read alike.

use std::path::Path;

use candle_core::quantized::gguf_file::{Content, Value};
use tpo_types::{Failure, FailureKind};

/// The key-value part of a GGUF file.
#[derive(Clone, Copy)]
pub(crate) struct Metadata<'a> {
    /// The file, for messages.
    pub(crate) file: &'a Path,
    content: &'a Content,
}

impl<'a> Metadata<'a> {
    pub(crate) fn new(file: &'a Path, content: &'a Content) -> Self {
        Self { file, content }
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>, Failure> {
        self.get(key, "a string", |value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    pub(crate) fn flag(&self, key: &str) -> Result<Option<bool>, Failure> {
        self.get(key, "a boolean", |value| match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        })
    }

    pub(crate) fn float(&self, key: &str) -> Result<Option<f32>, Failure> {
        self.get(key, "a float", |value| match value {
            Value::F32(number) => Some(*number),
            Value::F64(number) => Some(*number as f32),
            _ => None,
        })
    }

    pub(crate) fn integer(&self, key: &str) -> Result<Option<u32>, Failure> {
        self.get(key, "a non-negative integer of 32 bits", integer)
    }

    pub(crate) fn integers(&self, key: &str) -> Result<Option<Vec<u32>>, Failure> {
        self.get(key, "a list of non-negative integers", |value| {
            list(value)?.iter().map(integer).collect()
        })
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<&'a str>>, Failure> {
        self.get(key, "a list of strings", |value| {
            list(value)?
                .iter()
                .map(|item| item.to_string().ok().map(String::as_str))
                .collect()
        })
    }

    /// The value, or a failure that says that the key is missing.
    pub(crate) fn required<T>(
        &self,
        key: &str,
        value: Result<Option<T>, Failure>,
    ) -> Result<T, Failure> {
        value?.ok_or_else(|| {
            Failure::new(
                FailureKind::Input,
                format!("`{}` has no metadata key `{key}`", self.file.display()),
            )
            .hint("the file is incomplete or from an old converter: convert or download it again")
        })
    }

    fn get<T>(
        &self,
        key: &str,
        kind: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let Some(value) = self.content.metadata.get(key) else {
            return Ok(None);
        };
        read(value).map(Some).ok_or_else(|| {
            Failure::new(
                FailureKind::Input,
                format!(
                    "metadata key `{key}` of `{}` is not {kind}",
                    self.file.display()
                ),
            )
            .hint("the model's architecture is not supported")
        })
    }
}

fn list(value: &Value) -> Option<&Vec<Value>> {
    value.to_vec().ok()
}

fn integer(value: &Value) -> Option<u32> {
    match *value {
        Value::U8(number) => Some(number.into()),
        Value::U16(number) => Some(number.into()),
        Value::U32(number) => Some(number),
        Value::U64(number) => number.try_into().ok(),
        Value::I8(number) => number.try_into().ok(),
        Value::I16(number) => number.try_into().ok(),
        Value::I32(number) => number.try_into().ok(),
        Value::I64(number) => number.try_into().ok(),
        _ => None,
    }
}
