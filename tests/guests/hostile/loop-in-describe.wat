;; does: loops forever in `describe`
;; limit: seconds_per_call=1
;; says: used more than 1 s while it described itself
(func (export "tpo:plugin/metadata@0.1.0#describe") (result i32) (loop (br 0)) unreachable)
