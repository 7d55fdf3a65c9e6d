;; does: is ten functions of twenty thousand calls with many values alive
;; limit: compile_memory_mib=1024
;; says: takes more than 1024 MiB to compile
(func $f (param i64 i64 i64 i64 i64 i64 i64 i64) (result i64) (local.get 0))
{{10 (func (param i64) (result i64)
  {{{20000 (local.set 0 (i64.add (local.get 0) (call $f (local.get 0) (i64.const #) (local.get 0) (i64.const 3) (local.get 0) (i64.const 5) (local.get 0) (local.get 0))))}}}
  (local.get 0))}}
