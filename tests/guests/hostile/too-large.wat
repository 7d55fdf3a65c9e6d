;; does: is larger than the limit for components
;; limit: component_mib=1
;; says: is larger than 1 MiB
(memory (export "memory") 32)
(data (i32.const 0x10000) "{{1100000 x}}")
