;; does: imports a function outside an interface
;; as: plain-component
;; says: imports `system`
(import "system" (func))
