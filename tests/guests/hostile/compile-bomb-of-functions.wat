;; does: is three hundred thousand functions
;; limit: compile_seconds=1
;; limit: compile_memory_mib=2048
;; says: takes more than 1 s of CPU time to compile
{{300000 (func (param i32 i32) (result i32) (i32.add (i32.mul (local.get 0) (local.get 1)) (i32.const #)))}}
