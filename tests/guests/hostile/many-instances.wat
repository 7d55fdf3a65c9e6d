;; does: consists of two hundred instances of its module
;; instances: 200
;; says: resource limit exceeded: instance count too high
