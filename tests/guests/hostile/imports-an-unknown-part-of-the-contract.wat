;; does: imports an interface that the contract does not have
;; as: plain-component
;; says: imports `tpo:plugin/secrets@0.1.0`, which tpo:plugin 0.1 does not have
(import "tpo:plugin/secrets@0.1.0" (instance))
