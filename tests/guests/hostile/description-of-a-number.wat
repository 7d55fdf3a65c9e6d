;; does: has the configuration schema `42`
;; says: gives a schema of its configuration that is not a JSON object
(data (i32.const 0x180) "42")
(data (i32.const 0x220) "\80\01\00\00\02\00\00\00")
