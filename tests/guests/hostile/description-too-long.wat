;; does: has a configuration schema of eight mebibytes
;; limit: answer_mib=4
;; says: too much data is being copied
(memory (export "memory") 160)
(data (i32.const 0x224) "\00\00\80\00")
