;; does: returns a rationale with terminal escapes
;; says: ]0;owned
;; code: 0
(data (i32.const 0x900) "\1b]0;owned\07\1b[2J\e2\80\aeetirw\c2\9b31m")
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x830) (i32.const 1))
  (i32.store (i32.const 0x834) (i32.const 0x900)) (i32.store (i32.const 0x838) (i32.const 27)) (i32.const 0x800))
