;; does: returns a probability of NaN
;; role: pairwise-judge
;; says: a probability that is not from 0 to 1 (NaN)
(func (export "tpo:plugin/pairwise-judge@0.1.0#compare") (param i32 i32) (result i32)
  (i32.store (i32.const 0x920) (i32.const 1)) (f64.store (i32.const 0x928) (f64.const nan)) (i32.const 0x900))
