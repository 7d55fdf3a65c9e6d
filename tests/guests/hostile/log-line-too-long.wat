;; does: logs a line of eight mebibytes, with a limit of four
;; limit: answer_mib=4
;; says: too much data is being copied
(import "tpo:plugin/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
(memory (export "memory") 150)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (call $emit (i32.const 2) (i32.const 0x10000) (i32.const 0x800000)) (i32.const 0x800))
