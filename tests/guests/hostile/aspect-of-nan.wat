;; does: returns an aspect of NaN
;; says: not finite
;; An aspect is a text and a number: 16 bytes at 0x900.
(data (i32.const 0x900) "\00\01\00\00\07\00\00\00" "\00\00\00\00\00\00\f8\7f")
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x83c) (i32.const 0x900)) (i32.store (i32.const 0x840) (i32.const 1)) (i32.const 0x800))
