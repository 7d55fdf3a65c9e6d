;; does: is a core module
;; as: module
;; says: is a core module, not a component
