;; does: allocates the same memory for every request of the host
;; says: "value":0.5
;; code: 0
(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0x1000))
