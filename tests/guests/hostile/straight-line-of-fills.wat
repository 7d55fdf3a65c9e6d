;; does: fills 250 MiB five hundred times without a loop or a call
;; limit: seconds_per_call=1
;; says: used more than 1 s
(memory (export "memory") 4000)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  {{500 (memory.fill (i32.const 0x1000) (i32.const #) (i32.const 262000000))
  }} (i32.const 0x800))
