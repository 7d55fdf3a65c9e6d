;; does: logs a line of a hundred mebibytes
;; limit: answer_mib=4
;; says: too much data is being copied
(import "tpo:plugin/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
(memory (export "memory") 1700)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (call $emit (i32.const 4) (i32.const 0x10000) (i32.const 0x6400000)) (i32.const 0x800))
