;; does: is one function of two hundred thousand calls
;; limit: compile_memory_mib=512
;; says: takes more than 512 MiB to compile
(func $f (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64) (local.get 0))
(func (param i64) (result i64)
  {{200000 (local.set 0 (i64.add (local.get 0) (call $f (local.get 0) (i64.const #) (local.get 0) (i64.const 3) (local.get 0) (i64.const 5) (local.get 0) (local.get 0))))}}
  (local.get 0))
