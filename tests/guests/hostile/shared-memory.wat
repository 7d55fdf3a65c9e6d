;; does: shares memory between threads
;; as: component
;; says: is no well-formed component
(component (core module (memory 1 2 shared)))
