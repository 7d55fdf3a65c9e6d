;; does: imports an unknown interface of the contract
;; as: plain-component
;; says: imports `tpo:plugin/secrets@0.1.0`, which tpo:plugin 0.1 does not have
(import "tpo:plugin/secrets@0.1.0" (instance))
