;; does: is no component
;; as: module
;; says: is a core module, not a component
