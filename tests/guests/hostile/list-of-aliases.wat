;; does: returns 65536 groups that share one list of 65536 judgments: 192 GiB from four MiB
;; says: too much data is being copied
(memory (export "memory") 80)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) (local $at i32)
  (loop
    (i32.store offset=0x10000 (local.get $at) (i32.const 0x100000))
    (i32.store offset=0x10004 (local.get $at) (i32.const 0x10000))
    (local.set $at (i32.add (local.get $at) (i32.const 8)))
    (br_if 0 (i32.lt_u (local.get $at) (i32.const 0x80000))))
  (i32.store (i32.const 0x804) (i32.const 0x10000)) (i32.store (i32.const 0x808) (i32.const 0x10000)) (i32.const 0x800))
