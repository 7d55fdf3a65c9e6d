;; does: has a configuration schema of ten million opening brackets
;; says: gives a schema of its configuration of more than 256 KiB
(memory (export "memory") 300)
(func (export "tpo:plugin/metadata@0.1.0#describe") (result i32)
  (memory.fill (i32.const 0x10000) (i32.const 0x5b) (i32.const 10000000))
  (i32.store (i32.const 0x220) (i32.const 0x10000)) (i32.store (i32.const 0x224) (i32.const 10000000)) (i32.const 0x200))
