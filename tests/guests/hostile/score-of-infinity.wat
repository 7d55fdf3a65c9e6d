;; does: returns an infinite score
;; says: a score that is not finite (inf)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (f64.store (i32.const 0x828) (f64.const inf)) (i32.const 0x800))
