;; does: throws exceptions
;; says: exceptions
(tag $oops)
(func (throw $oops))
