;; does: logs a hundred thousand lines with terminal escapes, and answers
;; says: more lines
;; code: 0
(import "tpo:plugin/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
(data (i32.const 0x900) "\1b]0;owned\07\1b[2J\e2\80\aeetirw\c2\9b31m")
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) (local $left i32)
  (local.set $left (i32.const 100000))
  (loop
    (call $emit (i32.const 4) (i32.const 0x900) (i32.const 27))
    (br_if 0 (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
  (i32.const 0x800))
