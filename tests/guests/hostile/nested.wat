;; does: is a hundred and fifty components inside one another
;; as: component
;; says: nest
(component {{150 (component }} {{150 )}})
