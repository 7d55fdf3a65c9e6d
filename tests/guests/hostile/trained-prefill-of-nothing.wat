;; does: returns an empty trained prefill
;; role: thought-template
;; says: a prompt with an empty trained prefill
(func (export "tpo:plugin/thought-template@0.1.0#render") (param i32 i32) (result i32)
  (i32.store (i32.const 0xa28) (i32.const 1)) (i32.const 0xa00))
