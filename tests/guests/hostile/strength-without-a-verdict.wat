;; does: returns a strength without a verdict
;; role: pairwise-judge
;; says: a strength without a verdict
(func (export "tpo:plugin/pairwise-judge@0.1.0#compare") (param i32 i32) (result i32)
  (i32.store (i32.const 0x910) (i32.const 3)) (i32.store (i32.const 0x91c) (i32.const 1)) (i32.const 0x900))
