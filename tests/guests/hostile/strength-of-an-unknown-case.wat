;; does: returns a strength with an unknown case
;; role: pairwise-judge
;; says: unexpected discriminant: 2
(func (export "tpo:plugin/pairwise-judge@0.1.0#compare") (param i32 i32) (result i32)
  (i32.store (i32.const 0x91c) (i32.const 0x201)) (i32.const 0x900))
