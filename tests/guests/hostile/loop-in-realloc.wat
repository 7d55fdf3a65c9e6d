;; does: loops forever in `realloc`
;; limit: seconds_per_call=1
;; says: used more than 1 s
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (loop (br 0)) unreachable)
