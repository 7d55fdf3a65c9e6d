;; does: renders as it should
;; role: thought-template
;; says: "role":"user"
;; code: 0
