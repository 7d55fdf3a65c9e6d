//! Attention of new tokens over cached keys and values.
//!
//! The formula is that of training. Rows with the same prompt read its cache together, as one
//! product per panel; then each reads its own cache. One softmax covers both. No sum runs over the
//! rows of a batch, so a row's bits do not depend on the others.

use std::cell::RefCell;

use super::cache::KvCache;
use crate::kernels::attention::Heads;
use crate::kernels::exp::exp_minus;
use crate::kernels::packed_matrix::column_bands;
use crate::kernels::panel::{PANEL, PackedRows, Rows, Sum};
use crate::kernels::softmax::max;
use crate::kernels::{add, reserve, team};

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
    team::for_each(tasks, |(task, outs)| {
        BUFFERS.with_borrow_mut(|buffers| task.run(buffers, outs));
    });
}

thread_local! {
    static BUFFERS: RefCell<AttendBuffers> = RefCell::default();
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
    queries: Vec<f32>, // (n * group, head_dim), scaled
    shared: Vec<f32>,  // (n * group, shared positions)
    own: Vec<f32>,     // (n * group, own positions)
    own_out: Vec<f32>, // (group, head_dim)
    packed: PackedRows,
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
        let queries = self.rows.len() * group;
        reserve(&mut buffers.shared, queries * shared_width);
        reserve(&mut buffers.own, queries * own_width);

        self.score(buffers, shared_width, own_width);
        for query in 0..queries {
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

    /// `scores = queries keys^T / sqrt(head_dim)`, against the shared cache and each row's own.
    fn score(&self, buffers: &mut AttendBuffers, shared_width: usize, own_width: usize) {
        let AttendBuffers {
            queries,
            shared,
            own,
            packed,
            ..
        } = buffers;
        let (group, dim, scale) = (self.heads.group, self.heads.dim, self.heads.scale());
        let columns = self.heads.queries(self.kv);
        queries.clear();
        for row in &self.rows {
            queries.extend(row[columns.clone()].iter().map(|value| value * scale));
        }
        if shared_width > 0 {
            let mut shared: Vec<&mut [f32]> = shared.chunks_exact_mut(shared_width).collect();
            let panels = self.span.shared.keys(self.layer, self.kv, shared_width);
            packed.repack(Rows::new(queries, dim));
            for (at, panel) in panels.enumerate() {
                packed.multiply_panel(panel, &mut shared, at * PANEL, Sum::New);
            }
        }
        let per_row = queries.chunks_exact(group * dim);
        for ((own, queries), OwnCache { cache, visible }) in own
            .chunks_exact_mut((group * own_width).max(1))
            .zip(per_row)
            .zip(self.own())
        {
            let mut own: Vec<&mut [f32]> = own.chunks_exact_mut(own_width).collect();
            packed.repack(Rows::new(queries, dim));
            for (at, panel) in cache.keys(self.layer, self.kv, *visible).enumerate() {
                packed.multiply_panel(panel, &mut own, at * PANEL, Sum::New);
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
            shared,
            own,
            own_out,
            packed,
            ..
        } = buffers;
        let (group, dim) = (self.heads.group, self.heads.dim);
        let at = Place {
            layer: self.layer,
            kv: self.kv,
        };
        let shared = Rows::new(shared, shared_len.next_multiple_of(PANEL).max(1));
        at.weigh(packed, shared, (self.span.shared, shared_len), outs);
        let rows = own.chunks_exact((group * own_width).max(1));
        for ((own, outs), OwnCache { cache, visible }) in
            rows.zip(outs.chunks_exact_mut(group)).zip(self.own())
        {
            reserve(own_out, group * dim);
            let mut own_outs: Vec<&mut [f32]> = own_out.chunks_exact_mut(dim).collect();
            at.weigh(
                packed,
                Rows::new(own, own_width),
                (cache, *visible),
                &mut own_outs,
            );
            for (out, own) in outs.iter_mut().zip(own_outs) {
                add(out, own);
            }
        }
    }
}

/// Where a head's values are in a cache.
#[derive(Clone, Copy)]
struct Place {
    layer: usize,
    kv: usize,
}

impl Place {
    /// `outs = probabilities values` over the first `visible` positions of a cache.
    fn weigh(
        self,
        packed: &mut PackedRows,
        probabilities: Rows<'_>,
        (cache, visible): (&KvCache, usize),
        outs: &mut [&mut [f32]],
    ) {
        let pages = cache.values(self.layer, self.kv, visible);
        for (page, panels) in pages.enumerate() {
            let start = page * PANEL;
            packed.repack(probabilities.columns(start..visible.min(start + PANEL)));
            let sum = if page == 0 { Sum::New } else { Sum::Resumed };
            for (at, panel) in panels.enumerate() {
                packed.multiply_panel(panel, outs, at * PANEL, sum);
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
