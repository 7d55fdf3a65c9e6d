;; does: answers, and loops forever in `post-return`
;; limit: seconds_per_call=1
;; says: used more than 1 s
(func (export "cabi_post_tpo:plugin/judge@0.1.0#score") (param i32) (loop (br 0)))
