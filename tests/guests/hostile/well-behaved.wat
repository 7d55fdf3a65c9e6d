;; does: behaves; the baseline for the others
;; says: "value":0.5
;; code: 0
