;; does: calls itself until the stack overflows
;; says: used more than its 1024 KiB of stack
(func $score (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.add (call $score (local.get 0) (local.get 1)) (i32.const 1)))
