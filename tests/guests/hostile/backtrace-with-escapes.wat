;; does: crashes in functions whose names would rename the terminal and reverse its text
;; says: ]0;owned
(func $f (@name "\1b]0;owned\07\1b[2J\e2\80\aeetirw\c2\9b31m")
  (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  unreachable)
