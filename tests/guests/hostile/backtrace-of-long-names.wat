;; does: crashes fifty calls deep in a function whose name has ninety thousand characters
;; says: panicked or aborted
(func $deeper (@name "{{9000 abcdefghi.}}") (param i32) (result i32)
  (if (i32.eqz (local.get 0)) (then unreachable))
  (i32.add (call $deeper (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) (call $deeper (i32.const 50)))
