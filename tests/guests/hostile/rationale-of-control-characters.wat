;; does: returns a rationale of 30 million control characters, each of which takes six bytes in JSON
;; says: \u0001\u0001\u0001
;; code: 0
(memory (export "memory") 500)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (memory.fill (i32.const 0x10000) (i32.const 1) (i32.const 30000000))
  (i32.store (i32.const 0x830) (i32.const 1))
  (i32.store (i32.const 0x834) (i32.const 0x10000)) (i32.store (i32.const 0x838) (i32.const 30000000)) (i32.const 0x800))
