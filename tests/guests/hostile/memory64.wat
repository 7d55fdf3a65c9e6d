;; does: uses 64-bit memory
;; as: component
;; says: is no well-formed component
(component (core module (memory i64 1)))
