;; does: declares four gibibytes of memory
;; limit: memory_mib=16
;; says: needed 4096 MiB of memory (limit 16 MiB)
(memory (export "memory") 65536)
