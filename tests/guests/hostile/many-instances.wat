;; does: is made of two hundred instances
;; as: component
;; says: instance
(component
  (core module $m)
  {{200 (core instance $i# (instantiate $m))}}
  (component $c)
  (instance $empty (instantiate $c))
  (export "tpo:plugin/metadata@0.1.0" (instance $empty))
  (export "tpo:plugin/judge@0.1.0" (instance $empty)))
