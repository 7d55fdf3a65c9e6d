//! A safetensors file from flat values.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use safetensors::Dtype;
use safetensors::tensor::{Metadata, TensorInfo};
use tpo_types::{Failure, FailureKind};

use crate::files;
use crate::params::Entry;

/// Values turned into bytes at once.
const CHUNK: usize = 1 << 16;

/// Writes the entries of `values` to `file`, sorted by name as the safetensors library sorts them.
pub(super) fn write(file: &Path, entries: &[Entry], values: &[f32]) -> Result<(), Failure> {
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    let header = header(&sorted).map_err(|error| {
        Failure::new(
            FailureKind::Bug,
            format!("the header of `{}` cannot be made", file.display()),
        )
        .because(error)
    })?;
    files::write(file, |opened| {
        opened.write_all(&(header.len() as u64).to_le_bytes())?;
        opened.write_all(&header)?;
        sorted
            .iter()
            .try_for_each(|entry| write_values(opened, &values[entry.range.clone()]))
    })
}

fn header(entries: &[&Entry]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
    let mut end = 0;
    let infos = entries.iter().map(|entry| {
        let start = end;
        end += entry.range.len() * size_of::<f32>();
        let info = TensorInfo {
            dtype: Dtype::F32,
            shape: entry.shape.clone(),
            data_offsets: (start, end),
        };
        (entry.name.clone(), info)
    });
    let infos = infos.collect();
    // transformers refuses a file without this note.
    let note = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    let mut header = serde_json::to_vec(&Metadata::new(Some(note), infos)?)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    Ok(header)
}

fn write_values(file: &mut File, values: &[f32]) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(CHUNK * size_of::<f32>());
    for chunk in values.chunks(CHUNK) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|value| value.to_le_bytes()));
        file.write_all(&bytes)?;
    }
    Ok(())
}
