;; does: says that its scores are from 1 to 0
;; says: because: 1 to 0 is not a range of scores
(data (i32.const 0x180) "score-range[1, 0]")
(data (i32.const 0x1a0) "\80\01\00\00\0b\00\00\00\8b\01\00\00\06\00\00\00")
(data (i32.const 0x228) "\a0\01\00\00\01\00\00\00")
