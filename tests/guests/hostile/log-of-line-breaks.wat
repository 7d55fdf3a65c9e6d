;; does: logs sixty million line breaks at a time, forever
;; limit: seconds_per_call=1
;; says: used more than 1 s
(import "tpo:plugin/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
(memory (export "memory") 1000)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (memory.fill (i32.const 0x10000) (i32.const 0x0a) (i32.const 60000000))
  (loop (call $emit (i32.const 4) (i32.const 0x10000) (i32.const 60000000)) (br 0)) unreachable)
