//! ArmoRM's heads, which compute rewards per objective and the gate from hidden states.
//!
//! `r = W h_end`, adjusted `r' = r M` (M removes the influence of verbosity from every objective),
//! and the gate `g = softmax(MLP(h_gate) / temperature) * logit_scale`; the score is `g . r'`.

use tpo_plugin::model::{TensorData, tensor_of};

use crate::OBJECTIVES;

/// The heads of a checkpoint.
#[derive(Debug)]
pub(crate) struct Head {
    regression: Linear,
    /// M, row by row.
    transform: Vec<f32>,
    gating: Vec<Linear>,
    temperature: f64,
    scale: f64,
}

/// A layer `W x + b`.
#[derive(Debug)]
struct Linear {
    /// Row by row.
    weight: Vec<f32>,
    inputs: usize,
    /// Empty if the layer has none.
    bias: Vec<f32>,
}

/// The number of layers of the gate.
const GATING_LAYERS: usize = 4;

impl Head {
    /// Reads the tensors of a checkpoint. The error names a tensor that is missing or has another
    /// shape.
    pub(crate) fn of_model(model: &str, temperature: f64) -> Result<Self, String> {
        Self::read(|name, shape| tensor_of(model, name, shape), temperature)
    }

    fn read(
        tensor: impl Fn(&str, &[Option<u32>]) -> Result<TensorData, String>,
        temperature: f64,
    ) -> Result<Self, String> {
        let objectives = Some(OBJECTIVES.len() as u32);
        let regression = Linear::new(
            tensor("regression_layer.weight", &[objectives, None])?,
            Vec::new(),
        );
        let transform = tensor("reward_transform_matrix", &[objectives, objectives])?.values;
        let mut gating: Vec<Linear> = Vec::new();
        for layer in 0..GATING_LAYERS {
            let outputs = if layer + 1 == GATING_LAYERS {
                objectives
            } else {
                None
            };
            let inputs = gating.last().map_or(regression.inputs, Linear::outputs) as u32;
            let weight = tensor(
                &format!("gating.layers.{layer}.weight"),
                &[outputs, Some(inputs)],
            )?;
            let bias = tensor(
                &format!("gating.layers.{layer}.bias"),
                &[Some(weight.shape[0])],
            )?
            .values;
            gating.push(Linear::new(weight, bias));
        }
        let scale = tensor("gating.logit_scale", &[Some(1)])?.values[0].into();
        Ok(Self {
            regression,
            transform,
            gating,
            temperature,
            scale,
        })
    }

    /// Rewards of a response, adjusted for verbosity, from the state of its last token.
    pub(crate) fn rewards(&self, state: &[f32]) -> Result<Vec<f64>, String> {
        let state: Vec<f64> = state.iter().copied().map(f64::from).collect();
        let rewards = self.regression.apply(&state)?;
        let column = |to: usize| {
            let from = rewards.iter().enumerate();
            from.map(|(from, reward)| reward * f64::from(self.transform[from * rewards.len() + to]))
                .sum()
        };
        Ok((0..rewards.len()).map(column).collect())
    }

    /// The weight of each objective, from the state at the end of the instruction.
    pub(crate) fn gate(&self, state: &[f32]) -> Result<Vec<f64>, String> {
        let mut x: Vec<f64> = state.iter().copied().map(f64::from).collect();
        for (number, layer) in self.gating.iter().enumerate() {
            x = layer.apply(&x)?;
            if number + 1 < self.gating.len() {
                for value in &mut x {
                    *value = value.max(0.0);
                }
            }
        }
        Ok(softmax(&x, self.temperature)
            .into_iter()
            .map(|weight| weight * self.scale)
            .collect())
    }
}

impl Linear {
    fn new(weight: TensorData, bias: Vec<f32>) -> Self {
        Self {
            inputs: weight.shape[1] as usize,
            weight: weight.values,
            bias,
        }
    }

    fn outputs(&self) -> usize {
        self.weight.len() / self.inputs.max(1)
    }

    fn apply(&self, x: &[f64]) -> Result<Vec<f64>, String> {
        if x.len() != self.inputs {
            return Err("the model's width is not its heads'".into());
        }
        let rows = self.weight.chunks_exact(self.inputs).enumerate();
        let output = |(row, weights): (usize, &[f32])| {
            let bias = self.bias.get(row).copied().map_or(0.0, f64::from);
            bias + weights
                .iter()
                .zip(x)
                .map(|(weight, value)| f64::from(*weight) * value)
                .sum::<f64>()
        };
        Ok(rows.map(output).collect())
    }
}

fn softmax(logits: &[f64], temperature: f64) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logits
        .iter()
        .map(|logit| ((logit - most) / temperature).exp())
        .collect();
    let sum: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / sum).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use safetensors::SafeTensors;
    use serde_json::Value;

    use super::*;

    fn close(got: &[f64], wanted: &[f64], tolerance: f64) {
        assert_eq!(got.len(), wanted.len());
        assert!(
            got.iter()
                .zip(wanted)
                .all(|(got, wanted)| (got - wanted).abs() < tolerance),
            "{got:?}, not {wanted:?}"
        );
    }

    /// A file of `tests/`.
    fn shared(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests")
            .join(name)
    }

    /// The heads of the tiny checkpoint.
    fn tiny(temperature: f64) -> Head {
        let file = fs::read(shared("fixtures/models/tiny-armo/model.safetensors"))
            .expect("the fixture is there");
        let tensors = SafeTensors::deserialize(&file).expect("the fixture is a checkpoint");
        let tensor = |name: &str, _: &[Option<u32>]| {
            let tensor = tensors.tensor(name).map_err(|error| error.to_string())?;
            let shape = tensor.shape().iter().map(|size| *size as u32).collect();
            let (values, _) = tensor.data().as_chunks();
            Ok(TensorData {
                shape,
                values: values
                    .iter()
                    .map(|bytes| f32::from_le_bytes(*bytes))
                    .collect(),
            })
        };
        Head::read(tensor, temperature).expect("all tensors are there")
    }

    #[test]
    fn gates_are_those_of_pytorch() {
        let golden = fs::read(shared("golden/armo.json")).expect("the golden file is there");
        let golden: Value = serde_json::from_slice(&golden).expect("the golden file is JSON");
        let numbers =
            |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).expect("numbers") };
        let head = tiny(golden["gating_temperature"].as_f64().expect("a number"));
        let instructions = golden["instructions"].as_array().expect("a list");
        assert!(instructions.len() >= 10);
        for instruction in instructions {
            let state: Vec<f32> = numbers(&instruction["gate_state"])
                .into_iter()
                .map(|value| value as f32)
                .collect();
            let gate = head.gate(&state).expect("a gate");
            assert_eq!(gate.len(), OBJECTIVES.len());
            close(&gate, &numbers(&instruction["gate"]), 1e-4);
        }
    }

    /// Three objectives of which the second is verbosity, computed independently.
    #[test]
    fn the_toy_of_the_reference_agrees() {
        let penalties = [0.5_f32, 1.0, 0.2];
        let mut transform = vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
        for (column, penalty) in penalties.iter().enumerate() {
            transform[3 + column] -= penalty;
        }
        let identity = |bias: Vec<f32>| Linear {
            weight: vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            inputs: 3,
            bias,
        };
        let head = Head {
            regression: identity(Vec::new()),
            transform,
            gating: vec![identity(vec![0.0; 3])],
            temperature: 10.0,
            scale: 1.0,
        };
        let rewards = head.rewards(&[0.6, 0.4, 0.7]).expect("rewards");
        close(&rewards, &[0.4, 0.0, 0.62], 1e-6);
        let gate = head.gate(&[1.0, 2.0, 3.0]).expect("a gate");
        close(&gate, &[0.300_610, 0.332_225, 0.367_165], 1e-6);
        let score: f64 = rewards
            .iter()
            .zip(&gate)
            .map(|(reward, weight)| reward * weight)
            .sum();
        close(&[score], &[0.347_886], 1e-6);
        assert!(head.rewards(&[0.0]).is_err());
    }

    #[test]
    fn a_misshapen_tensor_is_named() {
        let tensor = |name: &str, _: &[Option<u32>]| match name {
            "reward_transform_matrix" => Err(format!("tensor `{name}` is not there")),
            _ => Ok(TensorData {
                shape: vec![19, 2],
                values: vec![0.0; 38],
            }),
        };
        assert_eq!(
            Head::read(tensor, 10.0).err(),
            Some("tensor `reward_transform_matrix` is not there".into())
        );
    }
}
