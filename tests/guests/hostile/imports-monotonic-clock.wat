;; does: imports the monotonic clock
;; as: plain-component
;; says: imports `wasi:clocks/monotonic-clock@0.2.6`, and a plugin has no clock
(import "wasi:clocks/monotonic-clock@0.2.6" (instance))
