;; does: logs empty messages forever
;; limit: seconds_per_call=1
;; says: used more than 1 s
(import "tpo:plugin/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (loop (call $emit (i32.const 2) (i32.const 0) (i32.const 0)) (br 0)) unreachable)
