;; does: has a configuration schema of three mebibytes of nested lists
;; says: gives a schema of its configuration of more than 256 KiB
(memory (export "memory") 64)
(data (i32.const 0x220) "\00\00\01\00\00\00\30\00")
(func $start (memory.fill (i32.const 0x10000) (i32.const 0x5b) (i32.const 0x300000)))
(start $start)
