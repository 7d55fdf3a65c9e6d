//! Linear maps of rows and their gradients, in the number format of training.

use super::gemm::{Matrix, MatrixMut, Threads, Write, product};
use super::halves::Halves;
use super::tile_product;

/// How the products of a model in training are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Products {
    /// In `f32`, anywhere.
    #[default]
    F32,
    /// From `bf16` halves, on Intel AMX.
    Tiles(Halves),
}

impl Products {
    /// `y = x w^T` or `y += x w^T`. `x` is (T, in), `w` is (out, in), `y` is (T, out).
    pub(crate) fn linear(self, y: &mut [f32], write: Write, x: &[f32], w: &[f32], inputs: usize) {
        let (x, w) = (Matrix::new(x, inputs), Matrix::new(w, inputs));
        let y = MatrixMut::new(y, w.shape().rows);
        self.product(y, write, x, w.t());
    }

    /// `d_x = d_y w` or `d_x += d_y w`: the gradient of [`Self::linear`] by its input.
    pub(crate) fn d_x(self, d_x: &mut [f32], write: Write, d_y: &[f32], w: &[f32], inputs: usize) {
        let w = Matrix::new(w, inputs);
        let d_y = Matrix::new(d_y, w.shape().rows);
        self.product(MatrixMut::new(d_x, inputs), write, d_y, w);
    }

    /// `d_w += d_y^T x`: the gradient of [`Self::linear`] by its weight.
    pub(crate) fn d_w(self, d_w: &mut [f32], d_y: &[f32], x: &[f32], inputs: usize) {
        let outputs = d_w.len() / inputs;
        let (d_y, x) = (Matrix::new(d_y, outputs), Matrix::new(x, inputs));
        self.product(MatrixMut::new(d_w, inputs), Write::Add(1.0), d_y.t(), x);
    }

    fn product(self, to: MatrixMut<'_>, write: Write, left: Matrix<'_>, right: Matrix<'_>) {
        match self {
            Self::F32 => product(to, write, left, right, Threads::All),
            Self::Tiles(halves) => tile_product::product(halves, to, write, left, right),
        }
    }
}
