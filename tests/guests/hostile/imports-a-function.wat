;; does: wants a function that stands alone
;; as: plain-component
;; says: imports `system`
(import "system" (func))
