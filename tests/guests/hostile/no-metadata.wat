;; does: does not export `metadata`
;; as: component
;; says: does not export `tpo:plugin/metadata`
(component
  (component $c)
  (instance $empty (instantiate $c))
  (export "tpo:plugin/judge@0.1.0" (instance $empty)))
