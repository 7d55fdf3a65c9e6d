;; does: exports a component and a module under the contract's names
;; as: component
;; says: exporting a component from the root component is not supported
(component
  (component $c) (core module $m)
  (export "tpo:plugin/metadata@0.1.0" (component $c)) (export "tpo:plugin/judge@0.1.0" (core module $m)))
