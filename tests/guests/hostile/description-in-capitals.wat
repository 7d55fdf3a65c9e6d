;; does: has a name in capitals
;; says: calls itself `-HOSTILE-`
(data (i32.const 0x180) "-HOSTILE-")
(data (i32.const 0x200) "\80\01\00\00\09\00\00\00")
