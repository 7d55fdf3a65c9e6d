;; does: leaves a value on the stack that it does not return
;; says: values remaining on stack at end of block
(func (i32.const 1))
