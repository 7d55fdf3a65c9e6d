;; does: has a name that is a path to a parent directory
;; says: calls itself `../..`
(data (i32.const 0x100) "../..  ")
(func (export "tpo:plugin/metadata@0.1.0#describe") (result i32) (i32.store (i32.const 0x204) (i32.const 5)) (i32.const 0x200))
