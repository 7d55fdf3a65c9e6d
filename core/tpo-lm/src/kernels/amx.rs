//! Intel AMX: products of tiles, registers of 16 rows of 64 bytes.
//!
//! The instructions have no stable intrinsics, so this file has them as assembly. It has no
//! matrices: a caller gives runs of tiles that lie one after the other, and gets the sums of
//! their products. A row of a result depends on that row of the left side only. Tiles that will be
//! needed can be given too: they are fetched into the second-level cache meanwhile.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "the instructions exist only as assembly, and work on memory that they are pointed at"
    )
)]
#![cfg_attr(
    not(target_arch = "x86_64"),
    allow(
        unused,
        reason = "other processors have no AMX, so nothing is configured"
    )
)]

#[cfg(target_arch = "x86_64")]
use std::arch::asm;
use std::marker::PhantomData;
use std::sync::OnceLock;

use super::tile::{ROW, Start, Tile};

/// Lines of memory that are asked for at once.
const BATCH: usize = 2;

/// Asks for `batches` times 2 lines of memory from `ahead` on, and moves on.
#[cfg(target_arch = "x86_64")]
macro_rules! fetch {
    () => {
        "mov {left_batches}, {batches}
        test {left_batches}, {left_batches}
        jz 4f
        5:
        prefetcht1 [{ahead}]
        prefetcht1 [{ahead} + 64]
        add {ahead}, 128
        dec {left_batches}
        jnz 5b
        4:"
    };
}

/// How many batches of lines a step asks for, so that `steps` ask for all of `ahead`.
fn batches(ahead: &[Tile], steps: usize) -> usize {
    size_of_val(ahead).div_ceil(steps * BATCH * ROW)
}

/// Why this process may not use AMX; none if it may.
pub(crate) fn missing() -> Option<&'static str> {
    static MISSING: OnceLock<Option<&'static str>> = OnceLock::new();
    *MISSING.get_or_init(|| {
        if !processor_has_it() {
            Some("the processor has no AMX")
        } else if !system_saves_it() {
            Some("the operating system does not save AMX registers")
        } else if !kernel_permits_it() {
            Some("the kernel does not permit AMX in this process")
        } else {
            None
        }
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn processor_has_it() -> bool {
    false
}

#[cfg(not(target_arch = "x86_64"))]
fn system_saves_it() -> bool {
    false
}

/// CPUID leaf 7: AMX-BF16, AMX-TILE and AMX-INT8.
#[cfg(target_arch = "x86_64")]
fn processor_has_it() -> bool {
    const BITS: u32 = 1 << 22 | 1 << 24 | 1 << 25;
    let leaves = std::arch::x86_64::__cpuid(0).eax;
    leaves >= 7 && std::arch::x86_64::__cpuid_count(7, 0).edx & BITS == BITS
}

/// XCR0: the state of tiles and of their configuration.
#[cfg(target_arch = "x86_64")]
fn system_saves_it() -> bool {
    const OSXSAVE: u32 = 1 << 27;
    const BITS: u32 = 1 << 17 | 1 << 18;
    if std::arch::x86_64::__cpuid(1).ecx & OSXSAVE == 0 {
        return false;
    }
    let low: u32;
    // SAFETY: XGETBV exists where OSXSAVE is set; register 0 always does.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") _, options(nomem, nostack));
    }
    low & BITS == BITS
}

/// Linux gives the large registers only to processes that ask.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn kernel_permits_it() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call takes two numbers and touches no memory of the process.
    unsafe {
        libc::syscall(
            libc::SYS_arch_prctl,
            ARCH_REQ_XCOMP_PERM,
            XFEATURE_XTILEDATA,
        ) == 0
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn kernel_permits_it() -> bool {
    false
}

/// The tile registers of this thread, configured as 16 rows of 64 bytes each.
pub(crate) struct Tiles {
    /// Registers belong to a thread.
    not_send: PhantomData<*const ()>,
}

#[repr(C, align(64))]
struct Configuration([u8; 64]);

#[expect(
    clippy::unused_self,
    reason = "a value of this type is the proof that the registers are configured"
)]
impl Tiles {
    /// Configures the registers. None where AMX is missing.
    pub(crate) fn configure() -> Option<Self> {
        if missing().is_some() {
            return None;
        }
        let mut configuration = Configuration([0; 64]);
        configuration.0[0] = 1; // the palette
        for register in 0..8 {
            configuration.0[16 + 2 * register] = ROW as u8;
            configuration.0[48 + register] = 16;
        }
        #[cfg(target_arch = "x86_64")]
        // SAFETY: AMX may be used, and the configuration is the 64 bytes that the instruction
        // reads.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const configuration, options(nostack, readonly));
        }
        Some(Self {
            not_send: PhantomData,
        })
    }

    /// `left x right` for two runs of 16 rows and one of 32 columns, in `bf16`: the four sums are
    /// those of the first rows with the left and right 16 columns, then of the second rows. Each
    /// step has one tile of a row run, and two of the columns.
    pub(crate) fn bf16(
        &self,
        left: [&[Tile]; 2],
        right: &[Tile],
        sums: &mut [Tile; 4],
        start: Start,
        ahead: &[Tile],
    ) {
        let steps = left[0].len();
        assert!(steps > 0 && left[1].len() == steps && right.len() == 2 * steps);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the registers are configured, and every tile that is read or written lies in
        // these slices, by the assertion.
        unsafe {
            asm!(
                "test {resumes}, {resumes}", "jnz 3f",
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                "jmp 2f",
                "3:",
                "tileloadd tmm0, [{sums} + {row}*1]",
                "tileloadd tmm1, [{sums} + {row}*1 + 1024]",
                "tileloadd tmm2, [{sums} + {row}*1 + 2048]",
                "tileloadd tmm3, [{sums} + {row}*1 + 3072]",
                "2:",
                fetch!(),
                "tileloadd tmm4, [{a} + {row}*1]",
                "tileloadd tmm6, [{b} + {row}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b} + {row}*1 + 1024]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{c} + {row}*1]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a}, 1024", "add {c}, 1024", "add {b}, 2048",
                "dec {steps}", "jnz 2b",
                "tilestored [{sums} + {row}*1], tmm0",
                "tilestored [{sums} + {row}*1 + 1024], tmm1",
                "tilestored [{sums} + {row}*1 + 2048], tmm2",
                "tilestored [{sums} + {row}*1 + 3072], tmm3",
                a = inout(reg) left[0].as_ptr() => _,
                c = inout(reg) left[1].as_ptr() => _,
                b = inout(reg) right.as_ptr() => _,
                steps = inout(reg) steps => _,
                sums = in(reg) sums.as_mut_ptr(),
                row = in(reg) ROW,
                ahead = inout(reg) ahead.as_ptr() => _,
                batches = in(reg) batches(ahead, steps),
                left_batches = out(reg) _,
                resumes = in(reg) usize::from(start == Start::Resumed),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }

    /// The same, where every number is the sum of a high and a low `bf16`. The product of both low
    /// parts is left out. Each step has the high and the low tile of a row run, and two high and
    /// two low ones of the columns.
    pub(crate) fn bf16x3(
        &self,
        left: [&[Tile]; 2],
        right: &[Tile],
        sums: &mut [Tile; 4],
        start: Start,
        ahead: &[Tile],
    ) {
        let steps = left[0].len() / 2;
        assert!(
            steps > 0 && left.iter().all(|run| run.len() == 2 * steps) && right.len() == 4 * steps
        );
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the registers are configured, and every tile that is read or written lies in
        // these slices, by the assertion.
        unsafe {
            asm!(
                "test {resumes}, {resumes}", "jnz 3f",
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                "jmp 2f",
                "3:",
                "tileloadd tmm0, [{sums} + {row}*1]",
                "tileloadd tmm1, [{sums} + {row}*1 + 1024]",
                "tileloadd tmm2, [{sums} + {row}*1 + 2048]",
                "tileloadd tmm3, [{sums} + {row}*1 + 3072]",
                "2:",
                fetch!(),
                // low by high
                "tileloadd tmm4, [{a} + {row}*1 + 1024]",
                "tileloadd tmm6, [{b} + {row}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b} + {row}*1 + 1024]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{c} + {row}*1 + 1024]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                // high by high
                "tileloadd tmm4, [{a} + {row}*1]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{c} + {row}*1]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                // high by low
                "tileloadd tmm6, [{b} + {row}*1 + 2048]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b} + {row}*1 + 3072]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {a}, 2048", "add {c}, 2048", "add {b}, 4096",
                "dec {steps}", "jnz 2b",
                "tilestored [{sums} + {row}*1], tmm0",
                "tilestored [{sums} + {row}*1 + 1024], tmm1",
                "tilestored [{sums} + {row}*1 + 2048], tmm2",
                "tilestored [{sums} + {row}*1 + 3072], tmm3",
                a = inout(reg) left[0].as_ptr() => _,
                c = inout(reg) left[1].as_ptr() => _,
                b = inout(reg) right.as_ptr() => _,
                steps = inout(reg) steps => _,
                sums = in(reg) sums.as_mut_ptr(),
                row = in(reg) ROW,
                ahead = inout(reg) ahead.as_ptr() => _,
                batches = in(reg) batches(ahead, steps),
                left_batches = out(reg) _,
                resumes = in(reg) usize::from(start == Start::Resumed),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }

    /// `left x right` in whole numbers, for 16 rows in two planes and 32 columns in one: the sums
    /// are those of the high plane with the left and right 16 columns, then of the low plane. Each
    /// step has a high and a low tile of the rows, and two of the columns.
    pub(crate) fn int8(&self, left: &[Tile], right: &[Tile], sums: &mut [Tile; 4], ahead: &[Tile]) {
        let steps = left.len() / 2;
        assert!(steps > 0 && left.len() == 2 * steps && right.len() == 2 * steps);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the registers are configured, and every tile that is read or written lies in
        // these slices, by the assertion.
        unsafe {
            asm!(
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2", "tilezero tmm3",
                "2:",
                fetch!(),
                "tileloadd tmm4, [{a} + {row}*1]",
                "tileloadd tmm6, [{b} + {row}*1]",
                "tdpbssd tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{b} + {row}*1 + 1024]",
                "tdpbssd tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{a} + {row}*1 + 1024]",
                "tdpbssd tmm2, tmm5, tmm6",
                "tdpbssd tmm3, tmm5, tmm7",
                "add {a}, 2048", "add {b}, 2048",
                "dec {steps}", "jnz 2b",
                "tilestored [{sums} + {row}*1], tmm0",
                "tilestored [{sums} + {row}*1 + 1024], tmm1",
                "tilestored [{sums} + {row}*1 + 2048], tmm2",
                "tilestored [{sums} + {row}*1 + 3072], tmm3",
                a = inout(reg) left.as_ptr() => _,
                b = inout(reg) right.as_ptr() => _,
                steps = inout(reg) steps => _,
                sums = in(reg) sums.as_mut_ptr(),
                row = in(reg) ROW,
                ahead = inout(reg) ahead.as_ptr() => _,
                batches = in(reg) batches(ahead, steps),
                left_batches = out(reg) _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }

    /// `left x right` in whole numbers, for 16 rows in three planes and 16 columns in two: the
    /// sums are those of products that weigh 2^24, 2^16 and 2^8; the product of both lowest planes
    /// is left out. Each step has three tiles of the rows; of the columns it has four, the high
    /// ones of two halves and the low ones, and `half` says which.
    pub(crate) fn int16(
        &self,
        left: &[Tile],
        right: &[Tile],
        half: usize,
        sums: &mut [Tile; 4],
        ahead: &[Tile],
    ) {
        let steps = left.len() / 3;
        assert!(steps > 0 && left.len() == 3 * steps && right.len() == 4 * steps && half < 2);
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the registers are configured, and every tile that is read or written lies in
        // these slices, by the assertion.
        unsafe {
            asm!(
                "tilezero tmm0", "tilezero tmm1", "tilezero tmm2",
                "2:",
                fetch!(),
                "tileloadd tmm3, [{a} + {row}*1]",
                "tileloadd tmm6, [{b} + {row}*1]",
                "tdpbssd tmm0, tmm3, tmm6",
                "tileloadd tmm7, [{b} + {row}*1 + 2048]",
                "tdpbssd tmm1, tmm3, tmm7",
                "tileloadd tmm4, [{a} + {row}*1 + 1024]",
                "tdpbssd tmm2, tmm4, tmm7",
                "tdpbssd tmm1, tmm4, tmm6",
                "tileloadd tmm5, [{a} + {row}*1 + 2048]",
                "tdpbssd tmm2, tmm5, tmm6",
                "add {a}, 3072", "add {b}, 4096",
                "dec {steps}", "jnz 2b",
                "tilestored [{sums} + {row}*1], tmm0",
                "tilestored [{sums} + {row}*1 + 1024], tmm1",
                "tilestored [{sums} + {row}*1 + 2048], tmm2",
                a = inout(reg) left.as_ptr() => _,
                b = inout(reg) right.as_ptr().wrapping_add(half) => _,
                steps = inout(reg) steps => _,
                sums = in(reg) sums.as_mut_ptr(),
                row = in(reg) ROW,
                ahead = inout(reg) ahead.as_ptr() => _,
                batches = in(reg) batches(ahead, steps),
                left_batches = out(reg) _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

impl Drop for Tiles {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: the registers are configured, so AMX may be used.
        unsafe {
            asm!("tilerelease", options(nomem, nostack));
        };
    }
}
