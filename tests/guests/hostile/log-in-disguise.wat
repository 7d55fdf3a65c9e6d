;; does: logs lines with carriage returns that would overwrite tpo's output
;; says: error:
;; code: 0
(import "tpo:plugin/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
(data (i32.const 0x900) "\0d\08\08\08error: this is not tpo")
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (call $emit (i32.const 2) (i32.const 0x900) (i32.const 26)) (i32.const 0x800))
