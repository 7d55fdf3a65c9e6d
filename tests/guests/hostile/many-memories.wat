;; does: has ten memories of eight mebibytes
;; as: component
;; limit: memory_mib=16
;; says: of memory and may have 16 MiB
(component
  (core module $m (memory (export "m") 128))
  {{10 (core instance $i# (instantiate $m))}}
  (component $c)
  (instance $empty (instantiate $c))
  (export "tpo:plugin/metadata@0.1.0" (instance $empty))
  (export "tpo:plugin/judge@0.1.0" (instance $empty)))
