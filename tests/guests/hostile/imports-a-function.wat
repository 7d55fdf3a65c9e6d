;; does: imports a function outside any interface
;; as: plain-component
;; says: imports `system`
(import "system" (func))
