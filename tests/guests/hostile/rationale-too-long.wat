;; does: returns a rationale of eight mebibytes
;; limit: answer_mib=4
;; says: too much data is being copied
(memory (export "memory") 160)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x830) (i32.const 1))
  (i32.store (i32.const 0x834) (i32.const 0x10000)) (i32.store (i32.const 0x838) (i32.const 0x800000)) (i32.const 0x800))
