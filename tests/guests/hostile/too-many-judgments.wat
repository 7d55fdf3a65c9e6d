;; does: returns more judgments than responses
;; says: instead of 1 judgments
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x814) (i32.const 3)) (i32.const 0x800))
