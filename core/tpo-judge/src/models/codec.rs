//! Replies as bytes: chats as JSON, arrays as little-endian numbers, each after its sizes.

use serde::Serialize;
use tpo_types::{ChatReply, Failure, FailureKind, HiddenStates, TensorData};

/// A reply that can be saved.
pub(super) trait Reply: Clone {
    fn to_bytes(&self) -> Vec<u8>;
    fn from_bytes(bytes: &[u8]) -> Result<Self, Failure>;
}

impl Reply for ChatReply {
    fn to_bytes(&self) -> Vec<u8> {
        to_json(self).into_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(bytes).map_err(|error| damaged().because(error))
    }
}

impl Reply for HiddenStates {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = size(self.len());
        for state in self {
            bytes.extend(size(state.len()));
            bytes.extend(state.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        let mut reader = ByteReader(bytes);
        let count = reader.size()?;
        (0..count)
            .map(|_| reader.size().and_then(|len| reader.values(len)))
            .collect()
    }
}

impl Reply for TensorData {
    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = size(self.shape.len());
        bytes.extend(self.shape.iter().flat_map(|size| size.to_le_bytes()));
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Failure> {
        let mut reader = ByteReader(bytes);
        let axes = reader.size()?;
        let shape = (0..axes)
            .map(|_| reader.size())
            .collect::<Result<Vec<u32>, _>>()?;
        let count = shape
            .iter()
            .try_fold(1_u32, |count, size| count.checked_mul(*size))
            .ok_or_else(damaged)?;
        Ok(Self {
            values: reader.values(count)?,
            shape,
        })
    }
}

/// Serializes one of our own types; they have string keys and finite numbers, so it cannot fail.
pub(super) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value)
        .unwrap_or_else(|error| unreachable!("own types serialize: {error}"))
}

/// A reply that does not read back: another program wrote the file.
fn damaged() -> Failure {
    Failure::new(
        FailureKind::Integrity,
        "a saved reply of a model is damaged",
    )
    .hint("remove the file `replies.db`; the requests are then sent again")
}

fn size(number: usize) -> Vec<u8> {
    (number as u32).to_le_bytes().to_vec()
}

struct ByteReader<'a>(&'a [u8]);

impl ByteReader<'_> {
    fn size(&mut self) -> Result<u32, Failure> {
        let (size, rest) = self.0.split_first_chunk::<4>().ok_or_else(damaged)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*size))
    }

    fn values(&mut self, count: u32) -> Result<Vec<f32>, Failure> {
        let (values, rest) = self
            .0
            .split_at_checked(count as usize * 4)
            .ok_or_else(damaged)?;
        self.0 = rest;
        Ok(values
            .as_chunks()
            .0
            .iter()
            .map(|bytes| f32::from_le_bytes(*bytes))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_back_bit_by_bit() {
        let states = vec![vec![1.5, -0.0, f32::MIN_POSITIVE], vec![], vec![0.1]];
        assert_eq!(
            HiddenStates::from_bytes(&states.to_bytes()).expect("states"),
            states
        );
        let tensor = TensorData {
            shape: vec![2, 1],
            values: vec![3.25, -1e30],
        };
        assert_eq!(
            TensorData::from_bytes(&tensor.to_bytes()).expect("a tensor"),
            tensor
        );
        assert!(TensorData::from_bytes(&tensor.to_bytes()[..9]).is_err());
        assert!(HiddenStates::from_bytes(&[9, 0, 0, 0]).is_err());
    }
}
