//! Products of matrices, through the `gemm` crate.
//!
//! The crate takes raw pointers and strides; only this file calls it. The constructors of
//! [`Matrix`] guarantee that every element is inside its slice, which is the crate's safety
//! requirement.
#![expect(
    unsafe_code,
    reason = "the gemm crate's only function takes raw pointers"
)]

use std::ops::Range;

use gemm::Parallelism;

/// A view of a slice as a matrix, possibly transposed or with some of its columns only.
///
/// Invariant: element `(i, j)` is `values[i * row_step + j * column_step]` and exists for every `i
/// < rows`, `j < columns`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a> {
    values: &'a [f32],
    shape: Shape,
}

/// A mutable view of a slice as a matrix. Elements of a row are contiguous and rows do not overlap.
#[derive(Debug)]
pub(crate) struct MatrixMut<'a> {
    values: &'a mut [f32],
    shape: Shape,
}

/// Where the elements of a matrix are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// From an element to the one below it.
    pub(super) row_step: usize,
    /// From an element to the next one of its row.
    pub(super) column_step: usize,
}

/// The threads that compute a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The calling thread, if it already runs one of many tasks.
    One,
    /// Every thread of the pool.
    All,
}

/// Whether a product overwrites its destination.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Write {
    /// Overwrite it.
    Set,
    /// Add the product times this.
    Add(f32),
}

impl Shape {
    /// Rows of `columns` values each.
    fn of(len: usize, columns: usize) -> Self {
        assert!(
            columns > 0 && len.is_multiple_of(columns),
            "{len} values are not rows of {columns}"
        );
        Self {
            rows: len / columns,
            columns,
            row_step: columns,
            column_step: 1,
        }
    }

    /// The shape of a range of columns, and the offset of its first element.
    fn with_columns(self, range: &Range<usize>) -> (Self, usize) {
        assert!(
            range.start <= range.end && range.end <= self.columns,
            "columns {range:?} of {}",
            self.columns
        );
        let start = if self.rows == 0 {
            0
        } else {
            range.start * self.column_step
        };
        (
            Self {
                columns: range.len(),
                ..self
            },
            start,
        )
    }
}

impl<'a> Matrix<'a> {
    /// All of `values` as rows of `columns` values.
    pub(crate) fn new(values: &'a [f32], columns: usize) -> Self {
        Self {
            values,
            shape: Shape::of(values.len(), columns),
        }
    }

    /// Only the columns of a range.
    pub(crate) fn columns(self, range: &Range<usize>) -> Self {
        let (shape, start) = self.shape.with_columns(range);
        Self {
            values: &self.values[start..],
            shape,
        }
    }

    /// The values, from the first element.
    pub(super) fn values(self) -> &'a [f32] {
        self.values
    }

    pub(super) fn shape(self) -> Shape {
        self.shape
    }

    /// Transposed.
    pub(crate) fn t(self) -> Self {
        let Shape {
            rows,
            columns,
            row_step,
            column_step,
        } = self.shape;
        Self {
            shape: Shape {
                rows: columns,
                columns: rows,
                row_step: column_step,
                column_step: row_step,
            },
            ..self
        }
    }
}

impl<'a> MatrixMut<'a> {
    /// The values, from the first element. A row starts a row step after the one before.
    pub(super) fn into_values(self) -> &'a mut [f32] {
        self.values
    }

    pub(super) fn shape(&self) -> Shape {
        self.shape
    }

    /// All of `values` as rows of `columns` values.
    pub(crate) fn new(values: &'a mut [f32], columns: usize) -> Self {
        let shape = Shape::of(values.len(), columns);
        Self { values, shape }
    }

    /// Only the columns of a range.
    pub(crate) fn columns(self, range: &Range<usize>) -> Self {
        let (shape, start) = self.shape.with_columns(range);
        Self {
            values: &mut self.values[start..],
            shape,
        }
    }
}

/// `destination = left * right`, or that scaled and added.
pub(crate) fn product(
    destination: MatrixMut<'_>,
    write: Write,
    left: Matrix<'_>,
    right: Matrix<'_>,
    threads: Threads,
) {
    let MatrixMut { values, shape: to } = destination;
    let (l, r) = (left.shape, right.shape);
    assert_eq!(
        (to.rows, to.columns, l.columns),
        (l.rows, r.columns, r.rows),
        "shapes of a product do not fit"
    );
    let (read_destination, scale) = match write {
        Write::Set => (false, 1.0),
        Write::Add(scale) => (true, scale),
    };
    let parallelism = match threads {
        Threads::One => Parallelism::None,
        Threads::All => Parallelism::Rayon(0),
    };
    // Steps are lengths of slices, which never pass `isize::MAX`.
    let step = |step: usize| step.cast_signed();
    // SAFETY: by the invariant of `Matrix`, kept by its private fields, every element of these
    // shapes and steps is inside its slice. The destination is borrowed mutably, so it
    // overlaps neither operand, and its rows do not overlap each other, so threads that write
    // different elements do not race.
    unsafe {
        gemm::gemm(
            to.rows,
            to.columns,
            l.columns,
            values.as_mut_ptr(),
            step(to.column_step),
            step(to.row_step),
            read_destination,
            left.values.as_ptr(),
            step(l.column_step),
            step(l.row_step),
            right.values.as_ptr(),
            step(r.column_step),
            step(r.row_step),
            1.0,
            scale,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "these values are exact")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(left: &[f32], right: &[f32], inner: usize, columns: usize) -> Vec<f32> {
        let rows = left.len() / inner;
        let element = |i: usize, j: usize| {
            (0..inner)
                .map(|k| left[i * inner + k] * right[k * columns + j])
                .sum()
        };
        (0..rows * columns)
            .map(|at| element(at / columns, at % columns))
            .collect()
    }

    fn matrix(rows: usize, columns: usize) -> impl Strategy<Value = Vec<f32>> {
        proptest::collection::vec(-1.0f32..1.0, rows * columns)
    }

    fn sizes() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, usize, usize)> {
        (1usize..40, 1usize..40, 1usize..40)
            .prop_flat_map(|(m, k, n)| (matrix(m, k), matrix(k, n), Just(k), Just(n)))
    }

    proptest! {
        #[test]
        fn products_match_the_definition((left, right, inner, columns) in sizes()) {
            let expected = naive(&left, &right, inner, columns);
            let mut actual = vec![1.0; expected.len()];
            let (l, r) = (Matrix::new(&left, inner), Matrix::new(&right, columns));
            product(MatrixMut::new(&mut actual, columns), Write::Set, l, r, Threads::All);
            product(MatrixMut::new(&mut actual, columns), Write::Add(2.0), l, r, Threads::One);
            for (actual, expected) in actual.iter().zip(expected) {
                prop_assert!((actual - 3.0 * expected).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn cuts_and_transposes_name_the_right_elements() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]; // (2, 3)
        let mut out = [0.0; 8]; // (2, 4), columns 1..3 written
        let right_columns = Matrix::new(&values, 3).columns(&(1..3)); // (2, 2)
        product(
            MatrixMut::new(&mut out, 4).columns(&(1..3)),
            Write::Set,
            right_columns,
            right_columns.t(),
            Threads::One,
        );
        assert_eq!(out, [0.0, 13.0, 28.0, 0.0, 0.0, 28.0, 61.0, 0.0]);
    }
}
