;; does: behaves, and may be compiled in the least memory that there is to give
;; limit: compile_memory_mib=256
;; says: "value":0.5
;; code: 0
(func)
