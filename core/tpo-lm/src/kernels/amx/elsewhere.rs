//! AMX where there is none: on processors that are not x86-64.

/// As on x86-64.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tile(pub [u32; 256]);

impl Tile {
    pub(crate) const ZERO: Self = Self([0; 256]);
}

/// Why this process may not use AMX.
pub(crate) fn missing() -> Option<&'static str> {
    Some("the processor is not x86-64, so it has no AMX")
}

/// There is none.
pub(crate) enum Tiles {}

impl Tiles {
    pub(crate) fn configure() -> Option<Self> {
        None
    }

    pub(crate) fn bf16(&self, _: [&[Tile]; 2], _: &[Tile], _: &mut [Tile; 4]) {
        match *self {}
    }

    pub(crate) fn bf16x3(&self, _: [&[Tile]; 2], _: &[Tile], _: &mut [Tile; 4]) {
        match *self {}
    }

    pub(crate) fn int8(&self, _: &[Tile], _: &[Tile], _: &mut [Tile; 4]) {
        match *self {}
    }

    pub(crate) fn int16(&self, _: &[Tile], _: &[Tile], _: usize, _: &mut [Tile; 4]) {
        match *self {}
    }
}
