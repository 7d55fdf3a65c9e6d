;; does: compares as it should
;; role: pairwise-judge
;; says: "preference":"First"
;; code: 0
