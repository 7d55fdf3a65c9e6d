;; does: imports an unknown interface
;; as: plain-component
;; says: imports `acme:shell/run@1.0.0`, and tpo does not provide it
(import "acme:shell/run@1.0.0" (instance))
