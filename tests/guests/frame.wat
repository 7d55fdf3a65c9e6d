;; The parts that a guest of the tests has unless it brings its own: one mebibyte of memory, an allocator, a
;; description, a `configure` that accepts everything, and an answer for each role. Empty lines separate the parts. A
;; guest that exports the same name replaces the part, and only the exports of the guest's role are used. Fresh memory
;; is zero, and zero is the empty string and the result without an error.

(memory (export "memory") 16)

;; Where free memory begins.
(global $free (mut i32) (i32.const 0x10000))

;; Name, version and schema; then `description`: six pointers and lengths.
(data (i32.const 0x100) "hostile 1.0.0 {} user")
(data (i32.const 0x200) "\00\01\00\00\07\00\00\00" "\08\01\00\00\05\00\00\00")
(data (i32.const 0x220) "\0e\01\00\00\02\00\00\00")

;; A judge's answer: ok, one group at 0x810, its one judgment at 0x820, which is a score with its value 0.5 at 0x828, no
;; rationale (0x830), no aspects (0x83c) and nothing extra (0x844).
(data (i32.const 0x800) "\00\00\00\00\10\08\00\00\01\00\00\00")
(data (i32.const 0x810) "\20\08\00\00\01\00\00\00")
(data (i32.const 0x828) "\00\00\00\00\00\00\e0\3f")

;; A pairwise judge's answer: ok, one verdict at 0x910, which prefers the first response, without a strength (0x91c), a
;; probability (0x920, its value at 0x928) or a rationale (0x930), and with nothing extra (0x93c).
(data (i32.const 0x900) "\00\00\00\00\10\09\00\00\01\00\00\00")

;; A thought template's answer: ok, one prompt at 0xa10, which is ok (0xa10) and has one empty message of the user at
;; 0xa60 (0xa14), no prefill (0xa1c), no trained prefill (0xa28), no stop strings (0xa34), no response marker (0xa3c)
;; and nothing extra (0xa48).
(data (i32.const 0xa00) "\00\00\00\00\10\0a\00\00\01\00\00\00")
(data (i32.const 0xa14) "\60\0a\00\00\01\00\00\00")
(data (i32.const 0xa60) "\11\01\00\00\04\00\00\00")

(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
  (global.get $free)
  (global.set $free (i32.and (i32.add (i32.add (global.get $free) (local.get 3)) (i32.const 15)) (i32.const -16))))

(func (export "tpo:plugin/metadata@0.1.0#describe") (result i32) (i32.const 0x200))

(func (export "tpo:plugin/metadata@0.1.0#configure") (param i32 i32) (result i32) (i32.const 0x300))

(func (export "tpo:plugin/judge@0.1.0#score") (param i32 i32) (result i32) (i32.const 0x800))

(func (export "tpo:plugin/pairwise-judge@0.1.0#compare") (param i32 i32) (result i32) (i32.const 0x900))

(func (export "tpo:plugin/thought-template@0.1.0#render") (param i32 i32) (result i32) (i32.const 0xa00))
