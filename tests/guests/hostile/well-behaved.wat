;; does: answers as it should: what the others are measured against
;; says: "value":0.5
;; code: 0
