;; does: uses garbage collection
;; says: gc
(type $box (struct (field i32)))
(func (result (ref $box)) (struct.new $box (i32.const 1)))
