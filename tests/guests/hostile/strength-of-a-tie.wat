;; does: returns a tie with a strength
;; role: pairwise-judge
;; says: a tie with a strength
(func (export "tpo:plugin/pairwise-judge@0.1.0#compare") (param i32 i32) (result i32)
  (i32.store (i32.const 0x910) (i32.const 2)) (i32.store (i32.const 0x91c) (i32.const 0x101)) (i32.const 0x900))
