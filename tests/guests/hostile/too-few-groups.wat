;; does: returns no group
;; says: returned 0 instead of 1 outcomes for the groups
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x808) (i32.const 0)) (i32.const 0x800))
