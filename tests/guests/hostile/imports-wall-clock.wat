;; does: imports the wall clock
;; as: plain-component
;; says: imports `wasi:clocks/wall-clock@0.2.6`, and a plugin has no clock
(import "wasi:clocks/wall-clock@0.2.6" (instance))
