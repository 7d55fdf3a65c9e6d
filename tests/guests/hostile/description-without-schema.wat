;; does: has a configuration schema that is not JSON
;; says: that is not JSON
(data (i32.const 0x100) "hostile 1.0.0 }{")
