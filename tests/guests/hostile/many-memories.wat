;; does: has twenty memories that are allowed one by one
;; limit: memory_mib=16
;; says: of memory (limit 16 MiB)
{{20 (memory 16)}}
