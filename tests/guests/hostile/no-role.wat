;; does: exports no role
;; as: component
;; says: exports nothing; tpo looks for tpo:plugin/judge@0.1.0
(component)
