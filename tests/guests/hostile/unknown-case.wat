;; does: returns a judgment of a case that does not exist
;; says: unexpected discriminant: 7
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x820) (i32.const 7)) (i32.const 0x800))
