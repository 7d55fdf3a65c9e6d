;; does: has the version `latest`
;; says: gives `latest` as its version
(data (i32.const 0x180) "latest")
(data (i32.const 0x208) "\80\01\00\00\06\00\00\00")
