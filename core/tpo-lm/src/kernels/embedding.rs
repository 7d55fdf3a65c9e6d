//! The token embedding: rows of a table, by token id.

use rayon::prelude::*;

use super::{ROWS_PER_TASK, add};

/// `y[t] = table[ids[t]]`. `table` is (V, D), `y` is (T, D).
pub(crate) fn gather(table: &[f32], ids: &[u32], width: usize, y: &mut [f32]) {
    y.par_chunks_exact_mut(width)
        .with_min_len(ROWS_PER_TASK)
        .zip(ids)
        .for_each(|(row, id)| row.copy_from_slice(&table[*id as usize * width..][..width]));
}

/// `d_table[ids[t]] += d_y[t]`: the gradient of [`gather`]. One thread, because tokens repeat and
/// the order of a sum must not change; it is a thousandth of a step.
pub(crate) fn scatter_add(d_y: &[f32], ids: &[u32], width: usize, d_table: &mut [f32]) {
    for (row, id) in d_y.chunks_exact(width).zip(ids) {
        add(&mut d_table[*id as usize * width..][..width], row);
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use super::*;

    #[test]
    fn scattering_is_the_transpose_of_gathering() {
        let table = [0.0, 1.0, 10.0, 11.0, 20.0, 21.0]; // (V=3, D=2)
        let mut y = [0.0; 6]; // (T=3, D=2)
        gather(&table, &[2, 0, 2], 2, &mut y);
        assert_eq!(y, [20.0, 21.0, 0.0, 1.0, 20.0, 21.0]);
        let mut d_table = [0.0; 6];
        scatter_add(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 0, 2], 2, &mut d_table);
        assert_eq!(d_table, [3.0, 4.0, 0.0, 0.0, 6.0, 8.0]);
    }
}
