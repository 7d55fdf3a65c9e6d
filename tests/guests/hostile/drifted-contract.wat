;; does: is built for a modified contract
;; contract: aspects: list<tuple<string, f64>>, => aspects: list<tuple<string, f32>>,
;; says: does not have the types of the contract
