;; does: returns a rationale whose end wraps around to a small address
;; says: out of bounds
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x830) (i32.const 1))
  (i32.store (i32.const 0x834) (i32.const -16)) (i32.store (i32.const 0x838) (i32.const 0x100)) (i32.const 0x800))
