;; does: wants a model that nobody lends it
;; as: plain-component
;; says: asks for a model
(import "tpo:plugin/model@0.1.0" (instance))
