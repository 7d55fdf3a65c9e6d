;; does: aborts during instantiation
;; says: panicked or aborted
(func $start unreachable)
(start $start)
