;; does: imports ten thousand interfaces
;; as: component
;; says: with more than 1000 imports and exports
(component {{10000 (import "acme:x/y#@1.0.0" (instance)) }})
