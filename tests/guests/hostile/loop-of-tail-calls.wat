;; does: calls itself forever without using stack
;; limit: seconds_per_call=1
;; says: used more than 1 s
(func $score (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (return_call $score (local.get 0) (local.get 1)))
