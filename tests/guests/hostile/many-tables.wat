;; does: has twenty tables that are allowed one by one
;; says: table entries (limit 100000)
{{20 (table 10000 funcref)}}
