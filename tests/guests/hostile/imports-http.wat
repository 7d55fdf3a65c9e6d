;; does: imports HTTP
;; as: plain-component
;; says: imports `wasi:http/outgoing-handler@0.2.6`, and a plugin has no network
(import "wasi:http/outgoing-handler@0.2.6" (instance))
