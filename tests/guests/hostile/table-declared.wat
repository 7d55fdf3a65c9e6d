;; does: declares a table of ten million entries
;; says: needed 10000000 table entries (limit 100000)
(table 10000000 funcref)
