;; What a guest of the tests has unless it has its own: one mebibyte of memory, an allocator, a description, and a
;; `configure` that accepts everything. Parts are separated by empty lines; a guest that exports the same name replaces
;; the part. Fresh memory is zero, and zero is the empty text and the result without an error.

(memory (export "memory") 16)

;; Where free memory begins.
(global $free (mut i32) (i32.const 0x10000))

;; Name, version and schema; then `description`: six pointers and lengths.
(data (i32.const 0x100) "hostile 1.0.0 {}")
(data (i32.const 0x200) "\00\01\00\00\07\00\00\00" "\08\01\00\00\05\00\00\00")
(data (i32.const 0x220) "\0e\01\00\00\02\00\00\00")

;; A judge's answer: ok, one group at 0x810, its one judgment at 0x820, which is a score with its value 0.5 at 0x828, no
;; rationale (0x830), no aspects (0x83c) and nothing extra (0x844).
(data (i32.const 0x800) "\00\00\00\00\10\08\00\00\01\00\00\00")
(data (i32.const 0x810) "\20\08\00\00\01\00\00\00")
(data (i32.const 0x828) "\00\00\00\00\00\00\e0\3f")

(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (global.get $free)
  (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 15)) (i32.const -16))))

(func (export "tpo:plugin/metadata@0.1.0#describe") (result i32) (i32.const 0x200))

(func (export "tpo:plugin/metadata@0.1.0#configure") (param i32 i32) (result i32) (i32.const 0x300))

(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) (i32.const 0x800))
