;; does: imports a name with terminal escapes
;; as: component
;; says: imports `a]0;owned`, and tpo does not provide it
(component (import "a\1b]0;owned\07" (func))
  (component $c) (instance $empty (instantiate $c))
  (export "tpo:plugin/metadata@0.1.0" (instance $empty)) (export "tpo:plugin/judge@0.1.0" (instance $empty)))
