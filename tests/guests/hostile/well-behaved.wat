;; does: behaves as a judge should; its memory is the baseline for the others
;; says: "value":0.5
;; code: 0
