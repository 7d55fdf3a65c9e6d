;; does: returns two aspects of the same name
;; says: two aspects `tone`
(data (i32.const 0x900) "\20\09\00\00\04\00\00\00" "\00\00\00\00\00\00\00\00" "\20\09\00\00\04\00\00\00")
(data (i32.const 0x920) "tone")
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x83c) (i32.const 0x900)) (i32.store (i32.const 0x840) (i32.const 2)) (i32.const 0x800))
