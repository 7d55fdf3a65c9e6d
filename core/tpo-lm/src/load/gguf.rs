//! A GGUF file: configuration, weights and tokenizer in one.
//!
//! Quantized tensors are dequantized to `f32` on load: products in quantized form round the
//! activations too, which is far too coarse for log-probabilities.

mod metadata;
mod names;
mod rope;
mod spec;
mod tokenizer;

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use candle_core::Device;
use candle_core::quantized::gguf_file::{Content, TensorInfo};
use tpo_types::{Failure, FailureKind};

use self::metadata::Metadata;
use super::{Outline, limits, tensors};
use crate::files::{parse, unreadable};
use crate::model::Model;
use crate::params::{Entry, Layout, Params};
use crate::spec::ModelSpec;

const ROPE_FACTORS: &str = "rope_freqs.weight";
const DOWNLOAD_AGAIN: &str = "the download is incomplete: download the file again";

/// An opened file.
struct Gguf<'a> {
    path: &'a Path,
    /// In bytes.
    size: u64,
    content: Content,
}

/// Loads the model in `path`.
pub(super) fn load(path: &Path) -> Result<Model, Failure> {
    let gguf = Gguf::open(path)?;
    let Outline { spec, text } = gguf.outline()?;
    let params = gguf.params(&spec)?;
    Ok(Model {
        spec,
        params,
        adapter: None,
        text,
        source: path.to_owned(),
    })
}

/// The model in `path` without its weights.
pub(super) fn outline(path: &Path) -> Result<Outline, Failure> {
    Gguf::open(path)?.outline()
}

impl<'a> Gguf<'a> {
    fn open(path: &'a Path) -> Result<Self, Failure> {
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        let size = file
            .metadata()
            .map_err(|error| unreadable(path, error))?
            .len();
        let content = parse(path, || Content::read(&mut BufReader::new(file)))?;
        Ok(Self {
            path,
            size,
            content,
        })
    }

    fn outline(&self) -> Result<Outline, Failure> {
        let metadata = Metadata::new(self.path, &self.content);
        let spec = self.spec(metadata)?;
        limits::check(&spec, self.path)?;
        let text = tokenizer::read(metadata)?;
        limits::check_tokens(&spec, text.largest_id(), self.path)?;
        Ok(Outline { spec, text })
    }

    fn spec(&self, metadata: Metadata<'_>) -> Result<ModelSpec, Failure> {
        let embedding = self.tensor("token_embd.weight")?.shape.dims();
        let tied = !self.content.tensor_infos.contains_key("output.weight");
        let mut spec = spec::read(metadata, embedding.first().copied().unwrap_or(0), tied)?;
        if let Some(info) = self.content.tensor_infos.get(ROPE_FACTORS) {
            tensors::require_shape(
                self.path,
                ROPE_FACTORS,
                &[spec.head_dim / 2],
                info.shape.dims(),
            )?;
            let mut factors = vec![0.0; spec.head_dim / 2];
            self.read(ROPE_FACTORS, &mut factors)?;
            spec.rope_scaling = Some(rope::recognize(&factors, spec.rope_theta, self.path)?);
        }
        Ok(spec)
    }

    fn params(&self, spec: &ModelSpec) -> Result<Params, Failure> {
        let layout = Layout::of(spec);
        let name = |entry: &Entry| names::in_gguf(&entry.name);
        // Check all shapes before allocating what the metadata claims.
        for entry in &layout.entries {
            self.require(&name(entry), &entry.shape)?;
        }
        let known: Vec<String> = layout.entries.iter().map(name).collect();
        tensors::reject_unexpected_tensors(
            self.path,
            self.content.tensor_infos.keys().map(String::as_str),
            |name| name == ROPE_FACTORS || known.iter().any(|known| known == name),
        )?;
        let mut params = Params::zeros(Arc::new(layout));
        let layout = Arc::clone(&params.layout);
        tensors::fill(
            self.path,
            &layout.entries,
            &mut params.values,
            |entry, out| {
                self.read(&name(entry), out)?;
                if names::is_interleaved(spec.family, &entry.name) {
                    names::deinterleave(out, spec.head_dim, spec.hidden_size);
                }
                Ok(())
            },
        )?;
        Ok(params)
    }

    fn tensor(&self, name: &str) -> Result<&TensorInfo, Failure> {
        self.content
            .tensor_infos
            .get(name)
            .ok_or_else(|| tensors::missing(self.path, name))
    }

    /// Fails if a tensor is missing, has another shape, or ends after the end of the file.
    fn require(&self, name: &str, shape: &[usize]) -> Result<(), Failure> {
        let info = self.tensor(name)?;
        tensors::require_shape(self.path, name, shape, info.shape.dims())?;
        let bytes =
            info.shape.elem_count() / info.ggml_dtype.block_size() * info.ggml_dtype.type_size();
        let end = self
            .content
            .tensor_data_offset
            .saturating_add(info.offset)
            .saturating_add(bytes as u64);
        if end <= self.size {
            return Ok(());
        }
        let what = format!(
            "`{}` is damaged: tensor `{name}` ends at byte {end}, but the file has only {}",
            self.path.display(),
            self.size
        );
        Err(Failure::new(FailureKind::Input, what).hint(DOWNLOAD_AGAIN))
    }

    /// Reads a tensor as `f32`. `out` has its shape.
    fn read(&self, name: &str, out: &mut [f32]) -> Result<(), Failure> {
        let mut file = File::open(self.path).map_err(|error| unreadable(self.path, error))?;
        let values = self
            .content
            .tensor(&mut file, name, &Device::Cpu)
            .and_then(|quantized| {
                quantized
                    .dequantize(&Device::Cpu)?
                    .flatten_all()?
                    .to_vec1::<f32>()
            })
            .map_err(|error| {
                let what = format!(
                    "tensor `{name}` of `{}` cannot be read",
                    self.path.display()
                );
                Failure::new(FailureKind::Input, what)
                    .because(error)
                    .hint(DOWNLOAD_AGAIN)
            })?;
        out.copy_from_slice(&values);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
