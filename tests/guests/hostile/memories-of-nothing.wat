;; does: has a hundred memories, 99 of them empty, each with four gibibytes of address space, and behaves
;; says: "value":0.5
;; code: 0
(memory (export "memory") 16)
{{99 (memory 0)}}
