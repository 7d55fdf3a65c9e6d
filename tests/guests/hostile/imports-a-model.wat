;; does: imports a model that is not granted
;; as: plain-component
;; says: which this run does not provide
(import "tpo:plugin/model@0.1.0" (instance))
