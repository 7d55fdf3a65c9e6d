//! Keys and values, packed as the panels that attention multiplies with.
//!
//! A prompt has one cache, which all of its completions share, and each completion has one for its
//! own tokens. A cache is a list of pages, each of a fixed number of tokens, so that it grows
//! without copying; pages that are no longer used serve the next cache, because fresh memory is
//! slow to touch.

use crate::kernels::attention::Heads;
use crate::kernels::panel::{F32Row, PANEL};

/// Keys and values of [`PANEL`] tokens, for every block and key head.
#[derive(Debug)]
struct Page {
    /// Of 32 tokens. `(layers, kv heads, head_dim)`
    keys: Vec<F32Row>,
    /// Of 32 channels, padded. `(layers, kv heads, head_dim / 32, tokens)`
    values: Vec<F32Row>,
}

/// The shape of pages, and pages that are not in use.
#[derive(Debug)]
pub(crate) struct Pages {
    heads: Heads,
    layers: usize,
    free: Vec<Page>,
}

/// Keys and values of a sequence, for every block and key head.
#[derive(Debug)]
pub(crate) struct KvCache {
    heads: Heads,
    pages: Vec<Page>,
}

impl Pages {
    /// For a model of so many blocks.
    pub(crate) fn new(heads: Heads, layers: usize) -> Self {
        Self {
            heads,
            layers,
            free: Vec::new(),
        }
    }

    /// A cache with room for so many tokens.
    pub(crate) fn cache(&mut self, tokens: usize) -> KvCache {
        let mut cache = KvCache {
            heads: self.heads,
            pages: Vec::new(),
        };
        self.reserve(&mut cache, tokens);
        cache
    }

    /// Grows a cache to at least so many tokens.
    pub(crate) fn reserve(&mut self, cache: &mut KvCache, tokens: usize) {
        while cache.pages.len() * PANEL < tokens {
            let page = self.free.pop().unwrap_or_else(|| self.page());
            cache.pages.push(page);
        }
    }

    /// Takes back the pages of a cache.
    pub(crate) fn recycle(&mut self, cache: KvCache) {
        self.free.extend(cache.pages);
    }

    /// How many numbers a cache for so many tokens holds.
    pub(crate) fn size(&self, tokens: usize) -> usize {
        let dim = self.heads.dim;
        let per_token = self.layers * self.heads.num_kv * (dim + dim.next_multiple_of(PANEL));
        tokens.next_multiple_of(PANEL) * per_token
    }

    fn page(&self) -> Page {
        let (places, dim) = (self.layers * self.heads.num_kv, self.heads.dim);
        Page {
            keys: vec![F32Row::default(); places * dim],
            values: vec![F32Row::default(); places * dim.next_multiple_of(PANEL)],
        }
    }
}

impl KvCache {
    /// Writes the keys and values of the token at `position`, from its row of queries, keys and
    /// values.
    pub(crate) fn write(&mut self, layer: usize, position: usize, qkv: &[f32]) {
        let dim = self.heads.dim;
        let page = &mut self.pages[position / PANEL];
        let at = position % PANEL;
        for kv in 0..self.heads.num_kv {
            let place = layer * self.heads.num_kv + kv;
            let rows = &mut page.keys[place * dim..][..dim];
            for (key, row) in qkv[self.heads.keys(kv)].iter().zip(rows) {
                row.0[at] = *key;
            }
            let first = place * dim.div_ceil(PANEL);
            for (panel, channels) in qkv[self.heads.values(kv)].chunks(PANEL).enumerate() {
                let row = (first + panel) * PANEL + at;
                page.values[row].0[..channels.len()].copy_from_slice(channels);
            }
        }
    }

    /// The keys of each page that holds some of the first `visible` positions, 32 of them.
    /// `(head_dim)`
    pub(crate) fn keys(
        &self,
        layer: usize,
        kv: usize,
        visible: usize,
    ) -> impl Iterator<Item = &[F32Row]> {
        let len = self.heads.dim;
        let first = (layer * self.heads.num_kv + kv) * len;
        let pages = self.pages[..visible.div_ceil(PANEL)].iter();
        pages.map(move |page| &page.keys[first..][..len])
    }

    /// The values of the first `visible` positions, page by page: panels of 32 channels, each
    /// `(tokens of the page)`.
    pub(crate) fn values(
        &self,
        layer: usize,
        kv: usize,
        visible: usize,
    ) -> impl Iterator<Item = impl Iterator<Item = &[F32Row]>> {
        let panels = self.heads.dim.div_ceil(PANEL);
        let len = panels * PANEL;
        let first = (layer * self.heads.num_kv + kv) * len;
        let pages = self.pages[..visible.div_ceil(PANEL)].iter().enumerate();
        pages.map(move |(at, page)| {
            let tokens = PANEL.min(visible - at * PANEL);
            let panels = page.values[first..][..len].chunks_exact(PANEL);
            panels.map(move |panel| &panel[..tokens])
        })
    }
}
