;; does: grows a table forever
;; says: table entries (limit 100000)
(table $t 1 funcref)
(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  (loop (drop (table.grow $t (ref.null func) (i32.const 1000))) (br 0)) unreachable)
