;; does: is a thousand components inside one another
;; as: component
;; nested: 1000
;; says: exports nothing; a plugin exports a role such as tpo:plugin/judge@0.1.0
(component)
