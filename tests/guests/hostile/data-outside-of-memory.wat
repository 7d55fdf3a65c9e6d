;; does: has data outside its memory
;; says: accessed memory out of bounds
(data (i32.const 0xfffff) "too long")
