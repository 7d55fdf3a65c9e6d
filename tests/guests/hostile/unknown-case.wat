;; does: returns a judgment with an unknown case
;; says: unexpected discriminant: 7
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x820) (i32.const 7)) (i32.const 0x800))
