;; does: loops forever during instantiation
;; limit: seconds_per_call=1
;; says: used more than 1 s while it was loaded
(func $start (loop (br 0)))
(start $start)
