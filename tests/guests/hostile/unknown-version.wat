;; does: is built for another version of the contract
;; contract: package tpo:plugin@0.1.0; => package tpo:plugin@0.2.0;
;; says: was built for tpo:plugin 0.2.0; this tpo supports 0.1
(func (export "tpo:plugin/metadata@0.2.0#describe") (result i32) unreachable)
(func (export "tpo:plugin/metadata@0.2.0#configure") (param i32 i32) (result i32) unreachable)
(func (export "tpo:plugin/judge@0.2.0#score") (param i32 i32) (result i32) unreachable)
