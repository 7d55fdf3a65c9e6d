;; does: returns an address at the end of its memory
;; says: out of bounds
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) (i32.const -8))
