;; does: returns two and a half million groups without a judgment
;; says: returned 2500000 instead of 1 outcomes
(memory (export "memory") 1000)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x804) (i32.const 0x20000)) (i32.store (i32.const 0x808) (i32.const 2500000)) (i32.const 0x800))
