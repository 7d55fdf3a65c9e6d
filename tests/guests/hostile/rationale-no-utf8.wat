;; does: returns a rationale that is not UTF-8
;; says: invalid utf-8
(data (i32.const 0x900) "\ff\fe\c0\80")
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x830) (i32.const 1))
  (i32.store (i32.const 0x834) (i32.const 0x900)) (i32.store (i32.const 0x838) (i32.const 4)) (i32.const 0x800))
