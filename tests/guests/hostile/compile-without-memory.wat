;; does: behaves, and is to be compiled in less memory than the compiler's threads take
;; limit: compile_memory_mib=256
;; says: takes more than 256 MiB to compile
(func)
