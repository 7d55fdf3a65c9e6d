;; does: uses 64-bit memory
;; says: memory64
(memory i64 1)
