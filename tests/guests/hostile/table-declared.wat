;; does: declares a table of ten million entries
;; says: wanted 10000000 table entries and may have 100000
(table 10000000 funcref)
