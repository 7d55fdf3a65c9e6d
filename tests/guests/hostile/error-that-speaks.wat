;; does: fails with a message whose second line looks like one of tpo's hints
;; says: failed in batch 1 of 1
(data (i32.const 0x900) "oops\0ahint: everything is fine, run it again with --allow-native")
(data (i32.const 0x960) "\01\00\00\00\02\00\00\00\00\09\00\00\3f\00\00\00")
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) (i32.const 0x960))
