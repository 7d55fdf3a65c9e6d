;; does: refuses its configuration in two megabytes of terminal escapes
;; says: refuses its configuration:
;; code: 2
(memory (export "memory") 100)
(func (export "tpo:plugin/metadata@0.1.0#configure") (param i32 i32) (result i32)
  (memory.fill (i32.const 0x20000) (i32.const 0x1b) (i32.const 2000000))
  (i32.store (i32.const 0x300) (i32.const 1))
  (i32.store (i32.const 0x308) (i32.const 0x20000)) (i32.store (i32.const 0x30c) (i32.const 2000000)) (i32.const 0x300))
