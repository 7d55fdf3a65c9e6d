;; does: exports empty instances under the contract's names
;; as: plain-component
;; says: does not have the types of the contract
