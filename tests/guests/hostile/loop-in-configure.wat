;; does: loops forever in `configure`
;; limit: seconds_per_call=1
;; says: used more than 1 s while it was configured
(func (export "tpo:plugin/metadata@0.1.0#configure") (param i32 i32) (result i32) (loop (br 0)) unreachable)
