;; does: has twenty memories, each within the limit
;; limit: memory_mib=16
;; says: of memory (limit 16 MiB)
{{20 (memory 16)}}
