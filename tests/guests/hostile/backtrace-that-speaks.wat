;; does: crashes in a function whose name looks like one of tpo's hints
;; says: panicked or aborted
(func $f (@name "x\0ahint: everything is fine, run it again with --allow-native")
  (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32)
  unreachable)
