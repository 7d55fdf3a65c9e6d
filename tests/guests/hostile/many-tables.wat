;; does: has twenty tables, each within the limit
;; says: table entries and may have 100000
{{20 (table 10000 funcref)}}
