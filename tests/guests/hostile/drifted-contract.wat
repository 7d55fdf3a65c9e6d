;; does: is built for an edited copy of the contract
;; contract: aspects: list<tuple<string, f64>>, => aspects: list<tuple<string, f32>>,
;; says: does not have the types of the contract
