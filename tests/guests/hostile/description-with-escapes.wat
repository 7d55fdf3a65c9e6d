;; does: has a name with terminal escapes
;; says: name
(data (i32.const 0x100) "\1b]0;own 1.0.0 {}")
