;; does: has a module of 500000 globals, and a hundred instances of it
;; instances: 100
;; says: of memory (limit 256 MiB)
{{500000 (global i64 (i64.const 1)) }}
