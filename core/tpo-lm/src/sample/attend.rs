//! Attention of new tokens over cached keys and values.
//!
//! The formula is that of training. Rows with the same prompt read its cache together, as one
//! product per panel; then each reads its own cache. One softmax covers both. No sum runs over the
//! rows of a batch, so a row's bits do not depend on the others.

use rayon::prelude::*;

use super::cache::KvCache;
use crate::kernels::attention::Heads;
use crate::kernels::exp::exp_minus;
use crate::kernels::panel::{PANEL, PackedRows, column_bands};
use crate::kernels::softmax::max;

/// Rows per task: enough to share reads of a cache, few enough to keep all threads busy.
const ROWS_PER_TASK: usize = 16;

/// Consecutive rows that read the same cache.
#[derive(Debug)]
pub(crate) struct Span<'a> {
    /// The cache that they share.
    pub shared: &'a KvCache,
    /// How many of its positions each row attends to.
    pub visible: Vec<usize>,
    /// Each row's own cache; empty in a prefill.
    pub own: Vec<OwnCache<'a>>,
}

/// A row's own cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OwnCache<'a> {
    pub cache: &'a KvCache,
    /// How many of its positions the row attends to.
    pub visible: usize,
}

/// Attention in one layer. `qkv` is `(M, qkv_width)`, `out` is `(M, q_width)`; the spans cover all
/// rows in order.
pub(crate) fn attend_cached(
    heads: Heads,
    layer: usize,
    spans: &[Span<'_>],
    qkv: &[f32],
    out: &mut [f32],
) {
    let cuts: Vec<usize> = (1..heads.num_kv)
        .map(|kv| heads.queries(kv).start)
        .collect();
    let bands = column_bands(out.chunks_exact_mut(heads.q_width()), &cuts);
    let mut tasks = Vec::new();
    for (kv, band) in bands.into_iter().enumerate() {
        let mut outs = band.into_iter();
        let mut rows = qkv.chunks_exact(heads.qkv_width());
        for span in spans {
            for start in (0..span.visible.len()).step_by(ROWS_PER_TASK) {
                let len = ROWS_PER_TASK.min(span.visible.len() - start);
                let rows: Vec<&[f32]> = rows.by_ref().take(len).collect();
                let outs: Vec<&mut [f32]> = outs.by_ref().take(len).collect();
                tasks.push((
                    Task {
                        heads,
                        layer,
                        kv,
                        span,
                        start,
                        rows,
                    },
                    outs,
                ));
            }
        }
    }
    tasks
        .into_par_iter()
        .for_each_init(AttendBuffers::default, |buffers, (task, outs)| {
            task.run(buffers, outs);
        });
}

/// Some rows of a span, for one key head.
struct Task<'a> {
    heads: Heads,
    layer: usize,
    kv: usize,
    span: &'a Span<'a>,
    /// The first row, within the span.
    start: usize,
    /// The rows. `(n, qkv_width)`
    rows: Vec<&'a [f32]>,
}

/// Buffers of one thread. A row has `group` queries.
#[derive(Default)]
struct AttendBuffers {
    packed: PackedRows,
    shared: Vec<f32>, // (n * group, shared positions)
    own: Vec<f32>,    // (n * group, own positions)
}

impl Task<'_> {
    fn run(&self, buffers: &mut AttendBuffers, outs: Vec<&mut [f32]>) {
        let group = self.heads.group;
        let shared_len = self.visible().iter().copied().max().unwrap_or(0);
        let own_len = self.own().iter().map(|own| own.visible).max().unwrap_or(0);
        let (shared_width, own_width) = (
            shared_len.next_multiple_of(PANEL),
            own_len.next_multiple_of(PANEL),
        );
        buffers
            .shared
            .resize(self.rows.len() * group * shared_width, 0.0);
        buffers.own.resize(self.rows.len() * group * own_width, 0.0);

        self.score(buffers, shared_len, own_width);
        for query in 0..self.rows.len() * group {
            let visible = self.visible()[query / group];
            let own_visible = self.own().get(query / group).map_or(0, |own| own.visible);
            let shared = &mut buffers.shared[query * shared_width..][..shared_len];
            let own = &mut buffers.own[query * own_width..][..own_visible];
            joint_softmax(&mut shared[..visible], own);
            shared[visible..].fill(0.0);
        }
        let mut outs: Vec<&mut [f32]> = outs
            .into_iter()
            .flat_map(|out| out.chunks_exact_mut(self.heads.dim))
            .collect();
        self.weighted_sum(buffers, shared_len, own_width, &mut outs);
    }

    fn visible(&self) -> &[usize] {
        &self.span.visible[self.start..][..self.rows.len()]
    }

    fn own(&self) -> &[OwnCache<'_>] {
        if self.span.own.is_empty() {
            &[]
        } else {
            &self.span.own[self.start..][..self.rows.len()]
        }
    }

    /// The queries of some rows, one head after the other.
    fn queries<'r>(&self, rows: &[&'r [f32]]) -> Vec<&'r [f32]> {
        let columns = self.heads.queries(self.kv);
        rows.iter()
            .flat_map(|row| row[columns.clone()].chunks_exact(self.heads.dim))
            .collect()
    }

    /// `scores = queries keys^T / sqrt(head_dim)`, against the shared cache and each row's own.
    fn score(&self, buffers: &mut AttendBuffers, shared_len: usize, own_width: usize) {
        let AttendBuffers {
            packed,
            shared,
            own,
        } = buffers;
        let (group, scale) = (self.heads.group, self.heads.scale());
        let mut shared: Vec<&mut [f32]> = shared
            .chunks_exact_mut(shared_len.next_multiple_of(PANEL))
            .collect();
        packed.repack(self.queries(&self.rows).into_iter(), scale);
        for (at, panel) in self
            .span
            .shared
            .key_panels(self.layer, self.kv, shared_len)
            .enumerate()
        {
            packed.multiply_panel(panel, &mut shared, at * PANEL, false);
        }
        for (row, OwnCache { cache, visible }) in self.own().iter().enumerate() {
            let own = &mut own[row * group * own_width..][..group * own_width];
            let mut own: Vec<&mut [f32]> = own.chunks_exact_mut(own_width).collect();
            packed.repack(self.queries(&self.rows[row..=row]).into_iter(), scale);
            for (at, panel) in cache.key_panels(self.layer, self.kv, *visible).enumerate() {
                packed.multiply_panel(panel, &mut own, at * PANEL, false);
            }
        }
    }

    /// `outs = probabilities values`. Each of `outs` is one query's head. `(head_dim)`
    fn weighted_sum(
        &self,
        buffers: &mut AttendBuffers,
        shared_len: usize,
        own_width: usize,
        outs: &mut [&mut [f32]],
    ) {
        let AttendBuffers {
            packed,
            shared,
            own,
        } = buffers;
        let group = self.heads.group;
        let shared_width = shared_len.next_multiple_of(PANEL);
        packed.repack(
            shared
                .chunks_exact(shared_width)
                .map(|row| &row[..shared_len]),
            1.0,
        );
        for (at, panel) in self
            .span
            .shared
            .value_panels(self.layer, self.kv, shared_len)
            .enumerate()
        {
            packed.multiply_panel(panel, outs, at * PANEL, false);
        }
        for (row, OwnCache { cache, visible }) in self.own().iter().enumerate() {
            let own = &own[row * group * own_width..][..group * own_width];
            packed.repack(own.chunks_exact(own_width).map(|row| &row[..*visible]), 1.0);
            let outs = &mut outs[row * group..][..group];
            for (at, panel) in cache
                .value_panels(self.layer, self.kv, *visible)
                .enumerate()
            {
                packed.multiply_panel(panel, outs, at * PANEL, true);
            }
        }
    }
}

/// Softmax over a row that is split in two.
fn joint_softmax(shared: &mut [f32], own: &mut [f32]) {
    let most = max(shared).max(max(own));
    let sum = exp_minus(shared, most) + exp_minus(own, most);
    let scale = 1.0 / sum;
    for value in shared.iter_mut().chain(own) {
        *value *= scale;
    }
}
