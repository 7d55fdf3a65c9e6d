;; does: gives two ranges of its scores
;; says: gives `score-range` twice
(data (i32.const 0x180) "score-range[0, 1]")
(data (i32.const 0x1a0) "\80\01\00\00\0b\00\00\00\8b\01\00\00\06\00\00\00")
(data (i32.const 0x1b0) "\80\01\00\00\0b\00\00\00\8b\01\00\00\06\00\00\00")
(data (i32.const 0x228) "\a0\01\00\00\02\00\00\00")
