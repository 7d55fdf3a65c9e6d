;; does: has twenty tables, each within the limit
;; says: table entries (limit 100000)
{{20 (table 10000 funcref)}}
