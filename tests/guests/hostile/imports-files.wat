;; does: imports files
;; as: plain-component
;; says: imports `wasi:filesystem/types@0.2.6`, and a plugin has no files
(import "wasi:filesystem/types@0.2.6" (instance))
