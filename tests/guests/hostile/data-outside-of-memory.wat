;; does: has data outside its memory
;; says: reached outside its memory
(data (i32.const 0xfffff) "too long")
