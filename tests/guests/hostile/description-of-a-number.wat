;; does: describes its configuration by the JSON `42`, which is no schema
;; says: gives a schema of its configuration that is no JSON object
(data (i32.const 0x180) "42")
(data (i32.const 0x220) "\80\01\00\00\02\00\00\00")
