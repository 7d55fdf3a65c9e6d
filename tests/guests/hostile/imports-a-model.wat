;; does: imports a model that is not granted
;; as: plain-component
;; says: asks for a model
(import "tpo:plugin/model@0.1.0" (instance))
