;; does: imports models where the run provides none
;; as: plain-component
;; says: which this run does not provide
(import "tpo:plugin/model@0.1.0" (instance))
