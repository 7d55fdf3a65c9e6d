;; does: imports TCP
;; as: plain-component
;; says: imports `wasi:sockets/tcp@0.2.6`, and a plugin has no network
(import "wasi:sockets/tcp@0.2.6" (instance))
