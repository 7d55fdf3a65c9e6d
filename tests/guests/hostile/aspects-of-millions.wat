;; does: returns 900000 aspects without a name
;; says: two aspects ``
(memory (export "memory") 300)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x83c) (i32.const 0x20000)) (i32.store (i32.const 0x840) (i32.const 900000)) (i32.const 0x800))
