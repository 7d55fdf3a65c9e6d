;; does: imports directories
;; as: plain-component
;; says: imports `wasi:filesystem/preopens@0.2.6`, and a plugin has no files
(import "wasi:filesystem/preopens@0.2.6" (instance))
