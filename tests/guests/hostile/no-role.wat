;; does: exports no role
;; as: component
;; says: exports nothing; a plugin exports a role such as tpo:plugin/judge@0.1.0
(component)
