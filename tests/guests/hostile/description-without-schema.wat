;; does: describes its configuration by something that is no JSON
;; says: that is not JSON
(data (i32.const 0x100) "hostile 1.0.0 }{")
