;; does: has ninety empty tables and behaves
;; says: "value":0.5
;; code: 0
{{90 (table 0 funcref)}}
