;; does: has a memory with pages of one byte
;; says: custom page sizes
(memory 1 (pagesize 1))
