//! Keys and values, packed as the panels that attention multiplies with.
//!
//! A prompt has one cache, which all of its completions share, and each completion has one for its
//! own tokens.

use crate::kernels::attention::Heads;
use crate::kernels::panel::PANEL;

/// Keys and values of a sequence, for every block and key head.
#[derive(Debug)]
pub(crate) struct KvCache {
    heads: Heads,
    layers: usize,
    /// Capacity in tokens, a multiple of [`PANEL`].
    capacity: usize,
    /// Panels of 32 positions. `(layers, kv heads, capacity / 32, head_dim, 32)`
    keys: Vec<f32>,
    /// Panels of 32 channels. `(layers, kv heads, head_dim / 32, capacity, 32)`
    values: Vec<f32>,
}

impl KvCache {
    /// An empty cache for `tokens` tokens.
    pub(crate) fn new(heads: Heads, layers: usize, tokens: usize) -> Self {
        let capacity = tokens.next_multiple_of(PANEL);
        let rows = layers * heads.num_kv * capacity;
        let values = vec![0.0; rows * heads.dim.next_multiple_of(PANEL)];
        Self {
            heads,
            layers,
            capacity,
            keys: vec![0.0; rows * heads.dim],
            values,
        }
    }

    /// Grows to at least `tokens` tokens and at least twice the capacity, so that copies are rare.
    pub(crate) fn reserve(&mut self, tokens: usize) {
        if tokens <= self.capacity {
            return;
        }
        let mut larger = Self::new(self.heads, self.layers, tokens.max(2 * self.capacity));
        if self.capacity > 0 {
            let (dim, before, after) = (self.heads.dim, self.capacity, larger.capacity);
            copy_pieces(&self.keys, before * dim, &mut larger.keys, after * dim);
            copy_pieces(
                &self.values,
                before * PANEL,
                &mut larger.values,
                after * PANEL,
            );
        }
        *self = larger;
    }

    /// How many numbers a cache for `tokens` tokens holds.
    pub(crate) fn size(heads: Heads, layers: usize, tokens: usize) -> usize {
        layers
            * heads.num_kv
            * tokens.next_multiple_of(PANEL)
            * (heads.dim + heads.dim.next_multiple_of(PANEL))
    }

    /// Writes the keys and values of the token at `position`, from its row of queries, keys and
    /// values.
    pub(crate) fn write(&mut self, layer: usize, position: usize, qkv: &[f32]) {
        let dim = self.heads.dim;
        for kv in 0..self.heads.num_kv {
            let place = layer * self.heads.num_kv + kv;
            let panel = place * self.capacity / PANEL + position / PANEL;
            let panel = &mut self.keys[panel * dim * PANEL..][..dim * PANEL];
            for (key, to) in qkv[self.heads.keys(kv)]
                .iter()
                .zip(panel.chunks_exact_mut(PANEL))
            {
                to[position % PANEL] = *key;
            }
            let region = place * dim.div_ceil(PANEL);
            for (panel, channels) in qkv[self.heads.values(kv)].chunks(PANEL).enumerate() {
                let row = (region + panel) * self.capacity + position;
                self.values[row * PANEL..][..channels.len()].copy_from_slice(channels);
            }
        }
    }

    /// Panels of keys that hold the first `visible` positions. Each is `(head_dim, 32)`.
    pub(crate) fn key_panels(
        &self,
        layer: usize,
        kv: usize,
        visible: usize,
    ) -> impl Iterator<Item = &[f32]> {
        let panel = self.heads.dim * PANEL;
        let first = (layer * self.heads.num_kv + kv) * self.capacity / PANEL * panel;
        self.keys[first..][..visible.div_ceil(PANEL) * panel].chunks_exact(panel)
    }

    /// Panels of values of the first `visible` positions. Each is (visible, 32).
    pub(crate) fn value_panels(
        &self,
        layer: usize,
        kv: usize,
        visible: usize,
    ) -> impl Iterator<Item = &[f32]> {
        let panels = self.heads.dim.div_ceil(PANEL);
        let first = (layer * self.heads.num_kv + kv) * panels * self.capacity * PANEL;
        let region = &self.values[first..][..panels * self.capacity * PANEL];
        region
            .chunks_exact(self.capacity * PANEL)
            .map(move |panel| &panel[..visible * PANEL])
    }
}

/// Copies pieces of one length to the starts of pieces of a greater length.
fn copy_pieces(from: &[f32], from_len: usize, to: &mut [f32], to_len: usize) {
    for (from, to) in from.chunks_exact(from_len).zip(to.chunks_exact_mut(to_len)) {
        to[..from_len].copy_from_slice(from);
    }
}
