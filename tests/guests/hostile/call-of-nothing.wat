;; does: calls an empty table entry
;; says: crashed in batch 1 of 1
(table 1 funcref)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (call_indirect (result i32) (i32.const 0)))
