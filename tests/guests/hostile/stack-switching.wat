;; does: switches stacks
;; says: stack switching
(type $f (func))
(type $c (cont $f))
(func (param (ref $f)) (drop (cont.new $c (local.get 0))))
