;; does: returns 650000 empty extra values for each of two responses
;; says: ["",""],["",""]
;; code: 0
(memory (export "memory") 200)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x844) (i32.const 0x20000)) (i32.store (i32.const 0x848) (i32.const 650000)) (i32.const 0x800))
