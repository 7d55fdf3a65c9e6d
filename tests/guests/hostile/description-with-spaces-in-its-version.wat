;; does: has the version `1 0`
;; says: gives `1 0` as its version
(data (i32.const 0x180) "1 0")
(data (i32.const 0x208) "\80\01\00\00\03\00\00\00")
