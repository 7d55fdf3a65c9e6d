;; does: grows its memory forever
;; limit: memory_mib=16
;; says: needed 17 MiB of memory (limit 16 MiB)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (loop (drop (memory.grow (i32.const 16))) (br 0)) unreachable)
