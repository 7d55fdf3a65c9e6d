;; does: fails with a message that would rename the terminal and reverse its text
;; says: ]0;owned
(data (i32.const 0x900) "\1b]0;owned\07\1b[2J\e2\80\aeetirw\c2\9b31m")
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (i32.store (i32.const 0x800) (i32.const 1)) (i32.store (i32.const 0x804) (i32.const 2))
  (i32.store (i32.const 0x808) (i32.const 0x900)) (i32.store (i32.const 0x80c) (i32.const 27)) (i32.const 0x800))
