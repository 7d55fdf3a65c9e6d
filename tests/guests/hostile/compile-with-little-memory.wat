;; does: behaves, and is compiled with the smallest memory limit
;; limit: compile_memory_mib=256
;; says: "value":0.5
;; code: 0
(func)
