;; does: has a module of 800000 function references that no table holds, and a hundred instances of it
;; instances: 100
;; says: of memory (limit 256 MiB)
(func $f) {{8 (elem func {{{100000 $f }}}) }}
