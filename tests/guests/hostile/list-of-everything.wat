;; does: returns a list of four billion groups
;; says: out of bounds
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x808) (i32.const -1)) (i32.const 0x800))
