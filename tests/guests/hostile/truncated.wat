;; does: ends in the middle
;; as: half
;; says: is no well-formed component
