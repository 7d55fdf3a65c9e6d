//! Causal grouped-query attention over a pack of sequences, with its gradient.
//!
//! `out_i = sum_j softmax_j(q_i . k_j / sqrt(head_dim)) v_j` over `j <= i` of the same sequence,
//! whose prompt may be shared with others and then lies apart from the rest. Several query heads
//! share one key and value head. Scores exist for one block of queries at a time, never for a whole
//! pack: the forward pass saves only each row's log-sum-exp, from which the backward pass
//! recomputes the probabilities (Dao et al., "FlashAttention", arXiv 2205.14135). Queries, keys and
//! values are adjacent in rows of `qkv_width`, as the projection writes them.

use std::ops::Range;

use rayon::prelude::*;

use super::dot;
use super::exp::exp_minus;
use super::gemm::{Matrix, MatrixMut, Threads, Write, product};
use super::softmax::softmax;
use crate::pack::{Group, Pack, Stretch};
use crate::spec::ModelSpec;

/// Queries of one head whose scores are in memory at the same time.
const QUERY_BLOCK: usize = 64;

/// The heads in a row of queries, keys and values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    /// Query heads per key head.
    pub group: usize,
    /// Key heads.
    pub num_kv: usize,
    /// Width of one head.
    pub dim: usize,
}

impl Heads {
    /// The heads of a model.
    pub(crate) fn of(spec: &ModelSpec) -> Self {
        Self {
            group: spec.group_size(),
            num_kv: spec.num_kv_heads,
            dim: spec.head_dim,
        }
    }

    /// Width of all query heads.
    pub(crate) fn q_width(self) -> usize {
        self.num_kv * self.group * self.dim
    }

    /// Width of a row of queries, keys and values.
    pub(crate) fn qkv_width(self) -> usize {
        self.q_width() + 2 * self.num_kv * self.dim
    }

    /// Columns of the query heads of one key head, in a row and in the output.
    pub(crate) fn queries(self, kv: usize) -> Range<usize> {
        let width = self.group * self.dim;
        kv * width..(kv + 1) * width
    }

    /// Columns of a key head.
    pub(crate) fn keys(self, kv: usize) -> Range<usize> {
        let start = self.q_width() + kv * self.dim;
        start..start + self.dim
    }

    /// Columns of a value head.
    pub(crate) fn values(self, kv: usize) -> Range<usize> {
        let start = self.q_width() + (self.num_kv + kv) * self.dim;
        start..start + self.dim
    }

    /// The scaling of scores.
    pub(crate) fn scale(self) -> f32 {
        1.0 / (self.dim as f32).sqrt()
    }
}

/// Attention. `qkv` is `(T, qkv_width)`, `out` is `(T, q_width)`, `lse` receives each head's
/// log-sum-exp (T, heads).
pub(crate) fn attend(heads: Heads, pack: &Pack, qkv: &[f32], out: &mut [f32], lse: &mut [f32]) {
    let mut tasks = Vec::new();
    let (mut out, mut lse) = (out, lse);
    for stretch in pack.groups().iter().flat_map(|group| &group.stretches) {
        for block in blocks(stretch) {
            let out_block = out
                .split_off_mut(..block.len() * heads.q_width())
                .expect("a row per token");
            let sums_block = lse
                .split_off_mut(..block.len() * heads.num_kv * heads.group)
                .expect("a row per token");
            tasks.push((stretch, block, out_block, sums_block));
        }
    }
    tasks.into_par_iter().for_each_init(
        AttentionScratch::default,
        |scratch, (stretch, block, out, lse)| {
            for kv in 0..heads.num_kv {
                let queries = QueryBlock {
                    heads,
                    kv,
                    qkv,
                    stretch,
                    block: block.clone(),
                };
                queries.forward(scratch, out, lse);
            }
        },
    );
}

/// The blocks of queries of a stretch.
fn blocks(stretch: &Stretch) -> impl Iterator<Item = Range<usize>> {
    let end = stretch.rows.end;
    let starts = stretch.rows.clone().step_by(QUERY_BLOCK);
    starts.map(move |start| start..end.min(start + QUERY_BLOCK))
}

/// A block of queries and the keys and values that it attends to: those of one head, from the start
/// of the sequence to the last query.
struct QueryBlock<'a> {
    heads: Heads,
    kv: usize,
    qkv: &'a [f32],
    /// Where the block is from.
    stretch: &'a Stretch,
    /// The rows of the queries.
    block: Range<usize>,
}

/// Keys and values that lie together.
struct KeyRows {
    /// Their rows in the pack.
    rows: Range<usize>,
    /// Their columns in the scores.
    columns: Range<usize>,
}

/// Buffers of one task. `N` queries (the stacked heads of a group) by `J` keys.
#[derive(Default)]
struct AttentionScratch {
    queries: Vec<f32>,     // (N, head_dim), scaled
    scores: Vec<f32>,      // (N, J)
    d_out: Vec<f32>,       // (N, head_dim)
    d_scores: Vec<f32>,    // (N, J)
    head_output: Vec<f32>, // (N, head_dim)
}

impl<'a> QueryBlock<'a> {
    /// How many keys the last query of the block attends to: `J`.
    fn num_keys(&self) -> usize {
        self.stretch.prompt.len() + self.block.end - self.stretch.rows.start
    }

    /// The keys, in as few pieces as there are gaps between them.
    fn keys(&self) -> impl Iterator<Item = KeyRows> + use<> {
        let (prompt, own) = (
            self.stretch.prompt.clone(),
            self.stretch.rows.start..self.block.end,
        );
        let pieces = if prompt.end == own.start {
            [prompt.start..own.end, 0..0]
        } else {
            [prompt, own]
        };
        let mut start = 0;
        let pieces = pieces.into_iter().filter(|rows| !rows.is_empty());
        pieces.map(move |rows| {
            let columns = start..start + rows.len();
            start = columns.end;
            KeyRows { rows, columns }
        })
    }

    /// How many keys the query in row `n` of the block's queries attends to.
    fn visible(&self, n: usize) -> usize {
        self.num_keys() - self.block.len() + n % self.block.len() + 1
    }

    /// Some columns of some rows of queries, keys and values. (rows, columns)
    fn matrix(&self, rows: &Range<usize>, columns: &Range<usize>) -> Matrix<'a> {
        let width = self.heads.qkv_width();
        Matrix::new(&self.qkv[rows.start * width..rows.end * width], width).columns(columns)
    }

    /// Stacks a group's heads of the block's rows. `(N, head_dim)`
    fn gather(&self, rows: &[f32], width: usize, scale: f32, into: &mut Vec<f32>) {
        into.clear();
        for head in self.heads.queries(self.kv).step_by(self.heads.dim) {
            for row in rows.chunks_exact(width) {
                into.extend(
                    row[head..head + self.heads.dim]
                        .iter()
                        .map(|value| value * scale),
                );
            }
        }
    }

    /// `scores = queries keys^T`, of which only the visible part is used.
    fn score(&self, scratch: &mut AttentionScratch) {
        let width = self.heads.qkv_width();
        let rows = &self.qkv[self.block.start * width..self.block.end * width];
        self.gather(rows, width, self.heads.scale(), &mut scratch.queries);
        scratch
            .scores
            .resize(self.heads.group * self.block.len() * self.num_keys(), 0.0);
        for KeyRows { rows, columns } in self.keys() {
            product(
                MatrixMut::new(&mut scratch.scores, self.num_keys()).columns(&columns),
                Write::Set,
                Matrix::new(&scratch.queries, self.heads.dim),
                self.matrix(&rows, &self.heads.keys(self.kv)).t(),
                Threads::One,
            );
        }
    }

    /// Fills the block's rows of `out` and `lse` for this group of heads.
    fn forward(&self, scratch: &mut AttentionScratch, out: &mut [f32], lse: &mut [f32]) {
        self.score(scratch);
        let (len, group) = (self.block.len(), self.heads.group);
        for (n, row) in scratch.scores.chunks_exact_mut(self.num_keys()).enumerate() {
            let (visible, hidden) = row.split_at_mut(self.visible(n));
            let head = self.kv * group + n / len;
            lse[n % len * self.heads.num_kv * group + head] = softmax(visible);
            hidden.fill(0.0);
        }
        for (n, scores) in scratch
            .scores
            .chunks_exact(len * self.num_keys())
            .enumerate()
        {
            let start = (self.kv * group + n) * self.heads.dim;
            let mut write = Write::Set;
            for KeyRows { rows, columns } in self.keys() {
                product(
                    MatrixMut::new(out, self.heads.q_width())
                        .columns(&(start..start + self.heads.dim)),
                    write,
                    Matrix::new(scores, self.num_keys()).columns(&columns),
                    self.matrix(&rows, &self.heads.values(self.kv)),
                    Threads::One,
                );
                write = Write::Add(1.0);
            }
        }
    }
}

/// The inputs of the gradient of attention.
#[derive(Clone, Copy)]
pub(crate) struct AttentionAt<'a> {
    /// Rotated queries and keys, and values. `(T, qkv_width)`
    pub qkv: &'a [f32],
    /// The output of [`attend`]. `(T, q_width)`
    pub out: &'a [f32],
    /// Its log-sum-exps. (T, heads)
    pub lse: &'a [f32],
    /// Derivative by `out`. `(T, q_width)`
    pub d_out: &'a [f32],
}

/// The gradient of [`attend`] by queries, keys and values. `d_qkv` is `(T, qkv_width)` and
/// overwritten; `by_head` is scratch of the same size.
///
/// With `P` the probabilities: `dV = P^T dO`, `dP = dO V^T`, `dS = P * (dP - rowsum(dO * O))`, `dQ
/// = scale dS K`, `dK = scale dS^T Q`.
pub(crate) fn attend_vjp(
    heads: Heads,
    pack: &Pack,
    at: AttentionAt<'_>,
    by_head: &mut [f32],
    d_qkv: &mut [f32],
) {
    let per_row = (heads.group + 2) * heads.dim;
    let mut tasks = Vec::new();
    let mut rest = &mut *by_head;
    for group in filled_groups(pack) {
        for kv in 0..heads.num_kv {
            let chunk = rest
                .split_off_mut(..group.rows.len() * per_row)
                .expect("a row per token");
            tasks.push((group, kv, chunk));
        }
    }
    tasks.into_par_iter().for_each_init(
        AttentionScratch::default,
        |scratch, (group, kv, chunk)| {
            chunk.fill(0.0);
            let (d_queries, d_keys_values) =
                chunk.split_at_mut(group.rows.len() * heads.group * heads.dim);
            let (d_keys, d_values) = d_keys_values.split_at_mut(group.rows.len() * heads.dim);
            let mut gradient = HeadGradient {
                first: group.rows.start,
                queries: d_queries,
                keys: d_keys,
                values: d_values,
            };
            for stretch in &group.stretches {
                for block in blocks(stretch) {
                    let queries = QueryBlock {
                        heads,
                        kv,
                        qkv: at.qkv,
                        stretch,
                        block,
                    };
                    queries.backward(&at, scratch, &mut gradient);
                }
            }
        },
    );
    interleave(heads, pack, by_head, d_qkv);
}

/// The groups that have rows.
fn filled_groups(pack: &Pack) -> impl Iterator<Item = &Group> {
    pack.groups().iter().filter(|group| !group.rows.is_empty())
}

/// The gradients of one group of sequences for one key head.
struct HeadGradient<'a> {
    /// The row of the pack that the gradients begin with.
    first: usize,
    queries: &'a mut [f32], // (T, group * head_dim)
    keys: &'a mut [f32],    // (T, head_dim)
    values: &'a mut [f32],  // (T, head_dim)
}

impl QueryBlock<'_> {
    /// Adds the block's part to the gradients.
    fn backward(
        &self,
        at: &AttentionAt<'_>,
        scratch: &mut AttentionScratch,
        gradient: &mut HeadGradient<'_>,
    ) {
        let (dim, width) = (self.heads.dim, self.heads.q_width());
        let rows = self.block.start * width..self.block.end * width;
        self.score(scratch);
        self.gather(&at.d_out[rows.clone()], width, 1.0, &mut scratch.d_out);
        self.gather(&at.out[rows], width, 1.0, &mut scratch.head_output);
        scratch.d_scores.resize(scratch.scores.len(), 0.0);
        for KeyRows { rows, columns } in self.keys() {
            product(
                MatrixMut::new(&mut scratch.d_scores, self.num_keys()).columns(&columns),
                Write::Set,
                Matrix::new(&scratch.d_out, dim),
                self.matrix(&rows, &self.heads.values(self.kv)).t(),
                Threads::One,
            );
        }
        self.probabilities_and_d_scores(at, scratch);
        for keys in self.keys() {
            self.add_gradient(&keys, scratch, gradient);
        }
    }

    /// Adds what some keys contribute to the gradients.
    fn add_gradient(
        &self,
        keys: &KeyRows,
        scratch: &AttentionScratch,
        gradient: &mut HeadGradient<'_>,
    ) {
        let KeyRows { rows, columns } = keys;
        let dim = self.heads.dim;
        let own = (rows.start - gradient.first) * dim..(rows.end - gradient.first) * dim;
        let of_keys = |scores| Matrix::new(scores, self.num_keys()).columns(columns);
        product(
            MatrixMut::new(&mut gradient.values[own.clone()], dim),
            Write::Add(1.0),
            of_keys(&scratch.scores).t(),
            Matrix::new(&scratch.d_out, dim),
            Threads::One,
        );
        product(
            MatrixMut::new(&mut gradient.keys[own], dim),
            Write::Add(1.0),
            of_keys(&scratch.d_scores).t(),
            Matrix::new(&scratch.queries, dim),
            Threads::One,
        );

        let first = self.block.start - gradient.first;
        let per_row = self.heads.group * dim;
        let d_queries =
            &mut gradient.queries[first * per_row..(first + self.block.len()) * per_row];
        let per_head = self.block.len() * self.num_keys();
        for (head, d_scores) in scratch.d_scores.chunks_exact(per_head).enumerate() {
            product(
                MatrixMut::new(d_queries, per_row).columns(&(head * dim..(head + 1) * dim)),
                Write::Add(self.heads.scale()),
                of_keys(d_scores),
                self.matrix(rows, &self.heads.keys(self.kv)),
                Threads::One,
            );
        }
    }

    /// Replaces scores by probabilities, and the derivative by probabilities by that by scores.
    fn probabilities_and_d_scores(&self, at: &AttentionAt<'_>, scratch: &mut AttentionScratch) {
        let (len, group, dim) = (self.block.len(), self.heads.group, self.heads.dim);
        let rows = scratch.scores.chunks_exact_mut(self.num_keys());
        let d_rows = scratch.d_scores.chunks_exact_mut(self.num_keys());
        let outs = scratch
            .head_output
            .chunks_exact(dim)
            .zip(scratch.d_out.chunks_exact(dim));
        for (n, ((row, d_row), (out, d_out))) in rows.zip(d_rows).zip(outs).enumerate() {
            let visible = self.visible(n);
            let head = self.kv * group + n / len;
            let row_lse = at.lse[(self.block.start + n % len) * self.heads.num_kv * group + head];
            exp_minus(&mut row[..visible], row_lse);
            let projection_term = dot(out, d_out);
            for (d, p) in d_row[..visible].iter_mut().zip(&row[..visible]) {
                *d = p * (*d - projection_term);
            }
            row[visible..].fill(0.0);
            d_row[visible..].fill(0.0);
        }
    }
}

/// Copies gradients of heads into rows of queries, keys and values.
fn interleave(heads: Heads, pack: &Pack, by_head: &[f32], d_qkv: &mut [f32]) {
    let (width, per_row) = (heads.qkv_width(), (heads.group + 2) * heads.dim);
    let mut rest = d_qkv;
    for group in filled_groups(pack) {
        let len = group.rows.len();
        let rows = rest.split_off_mut(..len * width).expect("a row per token");
        let of_group = &by_head[group.rows.start * width..group.rows.end * width];
        rows.par_chunks_exact_mut(width)
            .with_min_len(super::ROWS_PER_TASK)
            .enumerate()
            .for_each(|(t, row)| {
                for (kv, chunk) in of_group.chunks_exact(len * per_row).enumerate() {
                    let (d_queries, d_keys_values) = chunk.split_at(len * heads.group * heads.dim);
                    let (d_keys, d_values) = d_keys_values.split_at(len * heads.dim);
                    let group_width = heads.group * heads.dim;
                    row[heads.queries(kv)]
                        .copy_from_slice(&d_queries[t * group_width..][..group_width]);
                    row[heads.keys(kv)].copy_from_slice(&d_keys[t * heads.dim..][..heads.dim]);
                    row[heads.values(kv)].copy_from_slice(&d_values[t * heads.dim..][..heads.dim]);
                }
            });
    }
}
