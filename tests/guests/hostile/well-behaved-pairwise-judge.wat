;; does: behaves as a pairwise judge should
;; role: pairwise-judge
;; says: "preference":"First"
;; code: 0
