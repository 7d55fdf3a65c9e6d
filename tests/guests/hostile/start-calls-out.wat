;; does: calls the host during instantiation
;; says: uninitialized element
(import "tpo:plugin/log@0.1.0" "emit" (func $emit (param i32 i32 i32)))
(func $start (call $emit (i32.const 2) (i32.const 0x100) (i32.const 7)))
(start $start)
