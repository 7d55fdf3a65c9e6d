;; does: behaves as a thought template should
;; role: thought-template
;; says: "role":"user"
;; code: 0
