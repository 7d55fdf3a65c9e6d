;; does: scores 0.5 and says that its scores are from 1 to 5
;; says: a score of 0.5, which is not in its own `score-range` from 1 to 5, for the responses to instruction `a`
(data (i32.const 0x180) "score-range[1, 5]")
(data (i32.const 0x1a0) "\80\01\00\00\0b\00\00\00\8b\01\00\00\06\00\00\00")
(data (i32.const 0x228) "\a0\01\00\00\01\00\00\00")
