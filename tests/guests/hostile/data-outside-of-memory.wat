;; does: has data that its memory has no place for
;; says: accessed memory out of bounds
(data (i32.const 0xfffff) "too long")
