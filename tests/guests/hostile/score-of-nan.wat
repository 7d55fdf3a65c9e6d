;; does: returns a score of NaN
;; says: a score that is not finite (NaN)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (f64.store (i32.const 0x828) (f64.const nan:0x4000000000001)) (i32.const 0x800))
