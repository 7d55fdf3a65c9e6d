;; does: exports the contract's names with nothing in them
;; as: plain-component
;; says: does not have the types of the contract
