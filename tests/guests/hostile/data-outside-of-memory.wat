;; does: has data that its memory has no place for
;; says: reached outside its memory
(data (i32.const 0xfffff) "too long")
