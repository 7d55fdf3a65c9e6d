;; does: is truncated
;; as: half
;; says: is not a well-formed component
