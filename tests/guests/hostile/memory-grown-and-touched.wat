;; does: grows its memory to the limit, writes to all of it, and requests more
;; limit: memory_mib=64
;; says: needed 65 MiB of memory (limit 64 MiB)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (loop
    (memory.fill (i32.shl (memory.grow (i32.const 16)) (i32.const 16)) (i32.const 1) (i32.const 0x100000))
    (br 0))
  unreachable)
