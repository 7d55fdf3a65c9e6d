;; does: returns a list at a misaligned address
;; says: not aligned
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x804) (i32.const 0x811)) (i32.const 0x800))
