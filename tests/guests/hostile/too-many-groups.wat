;; does: returns two groups for one
;; says: returned 2 instead of 1 outcomes for the groups
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i64.store (i32.const 0x818) (i64.load (i32.const 0x810)))
  (i32.store (i32.const 0x808) (i32.const 2)) (i32.const 0x800))
