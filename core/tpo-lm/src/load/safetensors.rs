//! Tensors of one or several safetensors files, read as `f32`.
//!
//! Opening reads headers only; values are read on demand into the caller's buffer, so a file is
//! never in memory as a whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use half::{bf16, f16};
use safetensors::Dtype;
use safetensors::tensor::Metadata;
use serde::Deserialize;
use tpo_types::{Failure, FailureKind};

use super::tensors;
use crate::files::{read_json, unreadable};

const SINGLE_FILE: &str = "model.safetensors";
const INDEX_FILE: &str = "model.safetensors.index.json";
/// The format's limit, in bytes.
const LONGEST_HEADER: u64 = 100_000_000;
/// Bytes read at once; a multiple of every element's size.
const CHUNK: usize = 1 << 20;

/// The tensors of a checkpoint.
#[derive(Debug)]
pub(crate) struct Weights {
    path: PathBuf,
    tensors: BTreeMap<String, TensorLocation>,
}

#[derive(Debug)]
struct TensorLocation {
    file: Arc<PathBuf>,
    dtype: Dtype,
    shape: Vec<usize>,
    /// From the start of the file, in bytes.
    start: u64,
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// The checkpoint in a directory: `model.safetensors`, or the shards that its index names.
    pub(crate) fn open_directory(directory: &Path) -> Result<Self, Failure> {
        let index = directory.join(INDEX_FILE);
        if directory.join(SINGLE_FILE).is_file() || !index.is_file() {
            return Self::open(&directory.join(SINGLE_FILE));
        }
        let Index { weight_map } = read_json(&index)?;
        let mut weights = Self {
            path: directory.to_owned(),
            tensors: BTreeMap::new(),
        };
        for shard in weight_map.values().collect::<BTreeSet<_>>() {
            if Path::new(shard)
                .file_name()
                .is_none_or(|name| name != shard.as_str())
            {
                let what = format!(
                    "`{}` names the shard `{shard}`, which is not a file name",
                    index.display()
                );
                return Err(Failure::new(FailureKind::Input, what)
                    .hint("shards are in the directory of their index"));
            }
            weights.add(&directory.join(shard))?;
        }
        Ok(weights)
    }

    /// The tensors of one file.
    pub(crate) fn open(file: &Path) -> Result<Self, Failure> {
        let mut weights = Self {
            path: file.to_owned(),
            tensors: BTreeMap::new(),
        };
        weights.add(file)?;
        Ok(weights)
    }

    /// The file or directory, for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Every tensor's name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// The shape of a tensor.
    pub(crate) fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors
            .get(name)
            .map(|location| location.shape.as_slice())
    }

    /// Fails if a tensor is missing, has another shape, or has an unsupported type.
    pub(crate) fn require(&self, name: &str, shape: &[usize]) -> Result<(), Failure> {
        let location = self.location(name)?;
        tensors::require_shape(&location.file, name, shape, &location.shape)?;
        location.element(name).map(|_| ())
    }

    /// Reads a tensor after [`Self::require`] has checked it. `out` has its shape.
    pub(crate) fn read(&self, name: &str, out: &mut [f32]) -> Result<(), Failure> {
        let location = self.location(name)?;
        let element = location.element(name)?;
        let failed = |error| unreadable(&location.file, error);
        let mut file = File::open(&*location.file).map_err(failed)?;
        file.seek(SeekFrom::Start(location.start)).map_err(failed)?;
        let mut bytes = vec![0; CHUNK.min(out.len() * element.size())];
        for values in out.chunks_mut(CHUNK / element.size()) {
            let bytes = &mut bytes[..values.len() * element.size()];
            file.read_exact(bytes).map_err(failed)?;
            element.widen(bytes, values);
        }
        Ok(())
    }

    fn location(&self, name: &str) -> Result<&TensorLocation, Failure> {
        self.tensors
            .get(name)
            .ok_or_else(|| tensors::missing(&self.path, name))
    }

    fn add(&mut self, path: &Path) -> Result<(), Failure> {
        let (metadata, data_start) = header(path)?;
        let file = Arc::new(path.to_owned());
        for (name, info) in metadata.tensors() {
            let start = data_start + info.data_offsets.0 as u64;
            let location = TensorLocation {
                file: Arc::clone(&file),
                dtype: info.dtype,
                shape: info.shape.clone(),
                start,
            };
            self.tensors.insert(name, location);
        }
        Ok(())
    }
}

/// A file's header and the offset of its values, in bytes.
fn header(path: &Path) -> Result<(Metadata, u64), Failure> {
    let failed = |error| unreadable(path, error);
    let damaged = |why: &str| {
        Failure::new(
            FailureKind::Input,
            format!("`{}` is damaged: {why}", path.display()),
        )
        .hint("the download is incomplete: download the file again")
    };
    let mut file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length)
        .map_err(|_| damaged("it is shorter than a header"))?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER || length + 8 > size {
        return Err(damaged("its header is longer than the file"));
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header).map_err(failed)?;
    let metadata: Metadata = serde_json::from_slice(&header)
        .map_err(|error| damaged("its header is malformed").because(error))?;
    let expected = 8 + length + metadata.data_len() as u64;
    if size != expected {
        return Err(damaged(&format!(
            "it has {size} bytes, not the {expected} of its header"
        )));
    }
    Ok((metadata, 8 + length))
}

/// The supported number types.
#[derive(Clone, Copy)]
enum Element {
    F32,
    F16,
    Bf16,
}

impl TensorLocation {
    fn element(&self, name: &str) -> Result<Element, Failure> {
        match self.dtype {
            Dtype::F32 => Ok(Element::F32),
            Dtype::F16 => Ok(Element::F16),
            Dtype::BF16 => Ok(Element::Bf16),
            other => {
                let what = format!(
                    "tensor `{name}` of `{}` has the unsupported type {other}",
                    self.file.display()
                );
                Err(Failure::new(FailureKind::Input, what).hint("supported types: F32, F16, BF16"))
            }
        }
    }
}

impl Element {
    /// In bytes.
    fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    fn widen(self, bytes: &[u8], values: &mut [f32]) {
        match self {
            Self::F32 => each(bytes, values, f32::from_le_bytes),
            Self::F16 => each(bytes, values, |pair| f16::from_le_bytes(pair).to_f32()),
            Self::Bf16 => each(bytes, values, |pair| bf16::from_le_bytes(pair).to_f32()),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], values: &mut [f32], widen: impl Fn([u8; N]) -> f32) {
    for (value, &element) in values.iter_mut().zip(bytes.as_chunks().0) {
        *value = widen(element);
    }
}
