;; does: declares four gibibytes of memory
;; limit: memory_mib=16
;; says: wanted 4096 MiB of memory and may have 16 MiB
(memory (export "memory") 65536)
