;; does: logs a message outside its memory
;; says: out of bounds
(import "tpo:plugin/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (call $emit (i32.const 2) (i32.const 0xffff0) (i32.const 0x1000000)) (i32.const 0x800))
