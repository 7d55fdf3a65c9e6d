;; does: imports UDP
;; as: plain-component
;; says: imports `wasi:sockets/udp@0.2.6`, and a plugin has no network
(import "wasi:sockets/udp@0.2.6" (instance))
