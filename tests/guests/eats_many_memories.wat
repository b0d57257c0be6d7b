;; Wicked: a component with eight memories, each grown to 56 MiB. Every one of them is below the limit, all of them are not.
(component
  (core module $eater
    (memory (export "memory") 1)
    (memory $1 1) (memory $2 1) (memory $3 1) (memory $4 1) (memory $5 1) (memory $6 1) (memory $7 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "handle") (param i32 i32) (result i32)
      (drop (memory.grow 0 (i32.const 896)))
      (drop (memory.grow $1 (i32.const 896)))
      (drop (memory.grow $2 (i32.const 896)))
      (drop (memory.grow $3 (i32.const 896)))
      (drop (memory.grow $4 (i32.const 896)))
      (drop (memory.grow $5 (i32.const 896)))
      (drop (memory.grow $6 (i32.const 896)))
      (drop (memory.grow $7 (i32.const 896)))
      unreachable))
  (core instance $eater (instantiate $eater))
  (type $reply (record (field "status" u16) (field "code" (option string)) (field "error" (option string)) (field "result" string)))
  (type $error (record (field "code" string) (field "message" string)))
  (type $answer (result $reply (error $error)))
  (func $handle (param "body" string) (result $answer)
    (canon lift (core func $eater "handle") (memory (core memory $eater "memory")) (realloc (core func $eater "realloc"))))

  ;; An exported interface must name the types of its functions; this inner component does only that.
  (component $naming
    (type $reply (record (field "status" u16) (field "code" (option string)) (field "error" (option string)) (field "result" string)))
    (import "type-reply" (type $reply-in (eq $reply)))
    (type $error (record (field "code" string) (field "message" string)))
    (import "type-error" (type $error-in (eq $error)))
    (type $answer-in (result $reply-in (error $error-in)))
    (import "func-handle" (func $handle (param "body" string) (result $answer-in)))
    (export $reply-out "reply" (type $reply-in))
    (export $error-out "error" (type $error-in))
    (type $answer-out (result $reply-out (error $error-out)))
    (export "handle" (func $handle) (func (param "body" string) (result $answer-out))))
  (instance $action (instantiate $naming
    (with "type-reply" (type $reply)) (with "type-error" (type $error)) (with "func-handle" (func $handle))))
  (export "sandclaw:plugin/action@0.1.0" (instance $action)))
