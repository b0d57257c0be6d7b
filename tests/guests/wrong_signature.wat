;; Wicked: exports an action by its name whose `handle` takes and returns nothing.
(component
  (core module $empty (func (export "handle")))
  (core instance $empty (instantiate $empty))
  (func $handle (canon lift (core func $empty "handle")))
  (instance $action (export "handle" (func $handle)))
  (export "sandclaw:plugin/action@0.1.0" (instance $action)))
