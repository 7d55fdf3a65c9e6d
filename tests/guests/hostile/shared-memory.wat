;; does: shares memory between threads
;; says: threads
(memory 1 2 shared)
