;; does: is made of two hundred instances of its own module
;; instances: 200
;; says: resource limit exceeded: instance count too high
