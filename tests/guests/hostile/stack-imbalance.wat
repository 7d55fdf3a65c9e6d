;; does: leaves an extra value on the stack
;; says: values remaining on stack at end of block
(func (i32.const 1))
