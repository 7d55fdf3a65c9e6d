;; does: aborts when it is instantiated
;; says: panicked or aborted
(func $start unreachable)
(start $start)
