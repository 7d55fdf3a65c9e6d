;; does: is one function of a hundred and fifty thousand branches, each to a value that all others change
;; limit: compile_seconds=1
;; limit: compile_memory_mib=2048
;; says: takes more than 1 s of CPU time to compile
(func (param i32) (result i32) (local i32 i32 i32 i32)
  {{150000 (if (i32.eqz (local.get 0)) (then (local.set 1 (i32.add (local.get 2) (local.get 3))) (local.set 2 (local.get 4))) (else (local.set 3 (i32.mul (local.get 1) (local.get 4))) (local.set 4 (local.get 1))))}}
  (local.get 1))
