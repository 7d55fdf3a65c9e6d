;; does: returns 60000 aspects that share one name of four mebibytes: 240 GiB
;; says: too much data is being copied
(memory (export "memory") 100)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) (local $at i32)
  (loop
    (i32.store offset=0x20000 (local.get $at) (i32.const 0x200000))
    (i32.store offset=0x20004 (local.get $at) (i32.const 0x400000))
    (br_if 0 (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 16))) (i32.const 960000))))
  (i32.store (i32.const 0x83c) (i32.const 0x20000)) (i32.store (i32.const 0x840) (i32.const 60000)) (i32.const 0x800))
