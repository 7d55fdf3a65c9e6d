//! The optimizer's state as a safetensors file, so that a training can go on as if it had never
//! stopped.
//!
//! Tensors are named after those they belong to: `m.<name>` and `v.<name>`; `step` is a scalar. All
//! `f32`, as torch keeps them.

use std::borrow::Cow;
use std::path::Path;

use safetensors::{Dtype, SafeTensors, View};
use tpo_types::{Failure, FailureKind};

use super::AdamW;

impl AdamW {
    /// Writes the state.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        let step = [self.step as f32];
        let mut tensors = vec![(
            "step".to_owned(),
            Values {
                shape: &[],
                values: &step,
            },
        )];
        for entry in &self.entries {
            for (prefix, values) in [("m", &self.m), ("v", &self.v)] {
                let values = Values {
                    shape: &entry.shape,
                    values: &values[entry.range.clone()],
                };
                tensors.push((format!("{prefix}.{}", entry.name), values));
            }
        }
        safetensors::serialize_to_file(tensors, None, path).map_err(|error| {
            Failure::new(
                FailureKind::Resources,
                format!("cannot write the optimizer state {}", path.display()),
            )
            .because(error)
        })
    }

    /// Takes over the state that [`AdamW::save`] wrote. On a failure the optimizer is as it was.
    pub fn restore(&mut self, path: &Path) -> Result<(), Failure> {
        let unreadable = || {
            Failure::new(
                FailureKind::Input,
                format!("cannot read the optimizer state {}", path.display()),
            )
        };
        let bytes = std::fs::read(path).map_err(|error| unreadable().because(error))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| unreadable().because(error))?;
        let expected = 2 * self.entries.len() + 1;
        if file.len() != expected {
            return Err(
                unreadable().because(format!("{} tensors instead of {expected}", file.len()))
            );
        }
        let (mut m, mut v) = (vec![0.0; self.m.len()], vec![0.0; self.v.len()]);
        let mut step = [0.0];
        read(&file, "step", &[], &mut step).map_err(|failure| unreadable().because(failure))?;
        for entry in &self.entries {
            for (prefix, values) in [("m", &mut m), ("v", &mut v)] {
                let name = format!("{prefix}.{}", entry.name);
                read(&file, &name, &entry.shape, &mut values[entry.range.clone()])
                    .map_err(|failure| unreadable().because(failure))?;
            }
        }
        (self.step, self.m, self.v) = (step[0] as u32, m, v);
        Ok(())
    }
}

fn read(
    file: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
    into: &mut [f32],
) -> Result<(), Failure> {
    let refuse = |what: String| {
        Failure::new(
            FailureKind::Input,
            format!("optimizer tensor `{name}` {what}"),
        )
    };
    let tensor = file
        .tensor(name)
        .map_err(|error| refuse("is missing".into()).because(error))?;
    if tensor.dtype() != Dtype::F32 || tensor.shape() != shape {
        return Err(refuse(format!(
            "is {:?} {:?}, not F32 {shape:?}",
            tensor.dtype(),
            tensor.shape()
        ))
        .hint("the state belongs to another model"));
    }
    let (words, _) = tensor.data().as_chunks::<4>();
    for (value, word) in into.iter_mut().zip(words) {
        *value = f32::from_le_bytes(*word);
    }
    Ok(())
}

/// `f32` values that become bytes only while they are written.
struct Values<'a> {
    shape: &'a [usize],
    values: &'a [f32],
}

impl View for Values<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    fn data_len(&self) -> usize {
        size_of_val(self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::entries;
    use super::*;
    use crate::TrainConfig;

    const STEPS: usize = 40;

    fn optimizer() -> AdamW {
        AdamW::new(&TrainConfig::default(), &entries())
    }

    /// Takes steps `from..` of a training whose gradient depends on the step and the weights.
    fn train(optimizer: &mut AdamW, weights: &mut [f32; 6], steps: std::ops::Range<usize>) {
        for step in steps {
            let gradient = weights.map(|weight| (weight * 3.7 + step as f32).sin());
            optimizer.step(weights, &gradient, 0.01 / (step + 1) as f64);
        }
    }

    fn bits(weights: [f32; 6]) -> [u32; 6] {
        weights.map(f32::to_bits)
    }

    #[test]
    fn resuming_at_any_step_changes_no_bit() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("optimizer.safetensors");
        let start = [1.0, -2.0, 0.5, 3.0, 1.0, 1.0];
        let mut whole = start;
        train(&mut optimizer(), &mut whole, 0..STEPS);
        for stop in 0..STEPS {
            let (mut first, mut weights) = (optimizer(), start);
            train(&mut first, &mut weights, 0..stop);
            first.save(&path).expect("saved");
            let mut second = optimizer();
            second.restore(&path).expect("restored");
            let mut forgetful = weights;
            train(&mut second, &mut weights, stop..STEPS);
            assert_eq!(bits(weights), bits(whole), "stopped after {stop} steps");
            train(&mut optimizer(), &mut forgetful, stop..STEPS);
            assert_eq!(
                bits(forgetful) == bits(whole),
                stop == 0,
                "the state matters after any step"
            );
        }
    }

    #[test]
    fn the_state_of_another_model_is_refused_by_tensor() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("optimizer.safetensors");
        optimizer().save(&path).expect("saved");
        let mut entries = entries();
        entries[1].shape = vec![1, 2];
        let mut other = AdamW::new(&TrainConfig::default(), &entries);
        let failure = other.restore(&path).expect_err("another shape");
        let cause = std::error::Error::source(&failure)
            .expect("a cause")
            .to_string();
        assert_eq!(
            cause,
            "optimizer tensor `m.norm.weight` is F32 [2], not F32 [1, 2]"
        );
        assert_eq!(
            failure.nearest_hint(),
            Some("the state belongs to another model")
        );
        assert_eq!(other.step, 0);
    }

    #[test]
    fn a_torn_file_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("optimizer.safetensors");
        optimizer().save(&path).expect("saved");
        let whole = std::fs::read(&path).expect("the file");
        for len in [0, 1, whole.len() / 2, whole.len() - 1] {
            std::fs::write(&path, &whole[..len]).expect("cut");
            assert!(
                optimizer().restore(&path).is_err(),
                "{len} bytes of {}",
                whole.len()
            );
        }
    }
}
