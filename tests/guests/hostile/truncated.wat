;; does: is truncated
;; as: half
;; says: is no well-formed component
