;; The code between Envoy and CPython. It is linked to CPython's libraries (module "library") and
;; is all that the final module imports from its host.
;;
;; Downwards it exports the Proxy-Wasm callbacks; each calls a Python function that is set
;; when a filter is built. Upwards it holds one function for
;; each host call, in CPython's METH_FASTCALL convention (self, arguments, their number), put
;; into the table so that Python can call it. And it answers what libc asks of its host, in the
;; canonical ABI of WASI 0.2. What is regular is written by glue.py and methods.py, where a line
;; with ;;@ stands.
;;
;; Object layout of CPython 3.14 on wasm32: reference count +0, type +4; bytes: size +8, hash
;; +12, payload +16; type: flags +84. The image maker checks each of these before it goes on.
(module $glue
  (import "library" "PyObject_Vectorcall" (func $PyObject_Vectorcall (param i32 i32 i32 i32) (result i32)))
  (import "library" "PyLong_FromLong" (func $PyLong_FromLong (param i32) (result i32)))
  (import "library" "PyLong_AsUnsignedLongMask" (func $PyLong_AsUnsignedLongMask (param i32) (result i32)))
  (import "library" "PyBytes_FromStringAndSize" (func $PyBytes_FromStringAndSize (param i32 i32) (result i32)))
  (import "library" "PyBytes_AsStringAndSize" (func $PyBytes_AsStringAndSize (param i32 i32 i32) (result i32)))
  (import "library" "PyUnicode_AsUTF8AndSize" (func $PyUnicode_AsUTF8AndSize (param i32 i32) (result i32)))
  (import "library" "PyUnicode_DecodeFSDefaultAndSize" (func $PyUnicode_DecodeFSDefaultAndSize (param i32 i32) (result i32)))
  (import "library" "PyUnicode_EncodeFSDefault" (func $PyUnicode_EncodeFSDefault (param i32) (result i32)))
  (import "library" "PyErr_SetObject" (func $PyErr_SetObject (param i32 i32)))
  (import "library" "PyErr_Clear" (func $PyErr_Clear))
  (import "library" "PyErr_WriteUnraisable" (func $PyErr_WriteUnraisable (param i32)))
  (import "library" "Py_DecRef" (func $Py_DecRef (param i32)))
  (import "library" "malloc" (func $malloc (param i32) (result i32)))
  (import "library" "free" (func $free (param i32)))

  ;;@imports

  (import "env" "memory" (memory 0))
  (import "library" "__stack_pointer" (global $sp (mut i32)))
  (import "library" "_Py_NoneStruct" (global $none i32))

  ;; Where the callbacks' functions stand: one address for each, in the order of glue.CALLBACKS.
  ;; They are in memory and not in globals so that the code of two filters is the same to the
  ;; byte, and an engine that has compiled one has compiled the other.
  (global $callbacks (export "callbacks") (mut i32) (i32.const 0))
  ;; HostError, the class that a status other than OK is raised as.
  (global $host_error (export "host_error") (mut i32) (i32.const 0))
  ;; A bytes object that holds an argument's encoding while a host call uses it.
  (global $held0 (mut i32) (i32.const 0))
  (global $held1 (mut i32) (i32.const 0))

  ;; ---- values ----------------------------------------------------------------------------------

  (func $argument (param $arguments i32) (param $index i32) (result i32)
    (i32.load (i32.add (local.get $arguments) (i32.shl (local.get $index) (i32.const 2)))))

  (func $number (param $arguments i32) (param $index i32) (result i32)
    (call $PyLong_AsUnsignedLongMask (call $argument (local.get $arguments) (local.get $index))))

  ;; The address of a str's or bytes' data, its size at $size. 0: an exception is set.
  ;; Text with lone surrogates, which stand for bytes that are not UTF-8, is encoded anew; the
  ;; result is held until $release.
  (func $data (param $arguments i32) (param $index i32) (param $size i32) (result i32)
    (local $object i32) (local $address i32)
    (local.set $object (call $argument (local.get $arguments) (local.get $index)))
    (if (i32.and (i32.load offset=84 (i32.load offset=4 (local.get $object))) (i32.const 0x10000000))
      (then
        (local.set $address (call $PyUnicode_AsUTF8AndSize (local.get $object) (local.get $size)))
        (if (local.get $address) (then (return (local.get $address))))
        (call $PyErr_Clear)
        (local.set $object (call $PyUnicode_EncodeFSDefault (local.get $object)))
        (if (i32.eqz (local.get $object)) (then (return (i32.const 0))))
        (if (global.get $held0)
          (then (global.set $held1 (local.get $object)))
          (else (global.set $held0 (local.get $object))))))
    (if (call $PyBytes_AsStringAndSize (local.get $object) (i32.sub (local.get $size) (i32.const 4)) (local.get $size))
      (then (return (i32.const 0))))
    (i32.load (i32.sub (local.get $size) (i32.const 4))))

  (func $release
    (if (global.get $held0)
      (then
        (call $Py_DecRef (global.get $held0))
        (global.set $held0 (i32.const 0))
        (if (global.get $held1)
          (then
            (call $Py_DecRef (global.get $held1))
            (global.set $held1 (i32.const 0)))))))

  (func $fail (param $status i32) (result i32)
    (local $value i32)
    (local.set $value (call $PyLong_FromLong (local.get $status)))
    (call $PyErr_SetObject (global.get $host_error) (local.get $value))
    (call $Py_DecRef (local.get $value))
    (i32.const 0))

  ;; None for OK, else an exception. None is immortal: it needs no new reference.
  (func $done (param $status i32) (result i32)
    (call $release)
    (if (result i32) (local.get $status)
      (then (call $fail (local.get $status)))
      (else (global.get $none))))

  ;; A buffer that the host returned is the payload of a bytes object ($proxy_on_memory_allocate);
  ;; the host calls no allocator for an empty one.
  (func $as_bytes (param $address i32) (param $size i32) (result i32)
    (local $object i32)
    (if (i32.eqz (local.get $address))
      (then (return (call $PyBytes_FromStringAndSize (i32.const 0) (i32.const 0)))))
    (local.set $object (i32.sub (local.get $address) (i32.const 16)))
    (if (i32.eq (i32.load offset=8 (local.get $object)) (local.get $size))
      (then (return (local.get $object))))
    (local.set $size (call $PyBytes_FromStringAndSize (local.get $address) (local.get $size)))
    (call $Py_DecRef (local.get $object))
    (local.get $size))

  (func $as_str (param $address i32) (param $size i32) (result i32)
    (local $text i32)
    (local.set $text (call $PyUnicode_DecodeFSDefaultAndSize (local.get $address) (local.get $size)))
    (if (local.get $address)
      (then (call $Py_DecRef (i32.sub (local.get $address) (i32.const 16)))))
    (local.get $text))

  ;; ---- host calls ------------------------------------------------------------------------------
  ;; methods.py writes them; here is what they are made of.

  (func $enter (result i32)
    (global.set $sp (i32.sub (global.get $sp) (i32.const 48)))
    (global.get $sp))

  (func $leave (param $result i32) (result i32)
    (global.set $sp (i32.add (global.get $sp) (i32.const 48)))
    (local.get $result))

  ;;@methods

  ;; KEY=VALUE pairs, each with a NUL behind it, as WASI hands them out.
  (func $call_environ (param i32 i32 i32) (result i32)
    (local $frame i32) (local $pointers i32) (local $object i32)
    (local.set $frame (call $enter))
    (drop (call $environ_sizes_get (local.get $frame) (i32.add (local.get $frame) (i32.const 4))))
    (local.set $object (call $PyBytes_FromStringAndSize (i32.const 0) (i32.load offset=4 (local.get $frame))))
    (local.set $pointers (call $malloc (i32.shl (i32.load (local.get $frame)) (i32.const 2))))
    (if (i32.and (i32.ne (local.get $object) (i32.const 0)) (i32.load (local.get $frame)))
      (then (drop (call $environ_get (local.get $pointers) (i32.add (local.get $object) (i32.const 16))))))
    (call $free (local.get $pointers))
    (call $leave (local.get $object)))

  ;; Its slot belongs to the builder while a filter is built; in Envoy nothing calls it.
  (func $call_exchange (param i32 i32) (result i32)
    (call $fail (i32.const 12)))

  ;;@table

  ;; ---- callbacks -------------------------------------------------------------------------------

  (func $call (param $callable i32) (param $count i32) (param $a i32) (param $b i32) (param $c i32) (param $d i32) (param $e i32) (result i32)
    (local $frame i32) (local $result i32) (local $index i32) (local $value i32)
    (local.set $frame (call $enter))
    (i32.store offset=4 (local.get $frame) (call $PyLong_FromLong (local.get $a)))
    (i32.store offset=8 (local.get $frame) (call $PyLong_FromLong (local.get $b)))
    (i32.store offset=12 (local.get $frame) (call $PyLong_FromLong (local.get $c)))
    (if (i32.gt_u (local.get $count) (i32.const 3))
      (then
        (i32.store offset=16 (local.get $frame) (call $PyLong_FromLong (local.get $d)))
        (i32.store offset=20 (local.get $frame) (call $PyLong_FromLong (local.get $e)))))
    ;; Slot 0 is CPython's to use (PY_VECTORCALL_ARGUMENTS_OFFSET, the top bit of the count).
    (local.set $result (call $PyObject_Vectorcall
      (local.get $callable) (i32.add (local.get $frame) (i32.const 4))
      (i32.or (local.get $count) (i32.const 0x80000000)) (i32.const 0)))
    (local.set $index (select (i32.const 20) (i32.const 12) (i32.gt_u (local.get $count) (i32.const 3))))
    (loop $release
      (call $Py_DecRef (i32.load (i32.add (local.get $frame) (local.get $index))))
      (br_if $release (local.tee $index (i32.sub (local.get $index) (i32.const 4)))))
    (if (i32.eqz (local.get $result))
      (then
        ;; The SDK lets nothing through; whatever does come is written to stderr, and that is a
        ;; log line.
        (call $PyErr_WriteUnraisable (i32.const 0))
        (return (call $leave (i32.const 0)))))
    (if (i32.ne (local.get $result) (global.get $none))
      (then (local.set $value (call $PyLong_AsUnsignedLongMask (local.get $result)))))
    (call $Py_DecRef (local.get $result))
    (call $leave (local.get $value)))

  (func (export "proxy_abi_version_0_2_1"))

  ;; The host calls this for each buffer that it returns. The buffer is the payload of a bytes
  ;; object, so that the value reaches Python without being copied.
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (local $object i32)
    (local.set $object (call $PyBytes_FromStringAndSize (i32.const 0) (local.get $size)))
    (if (i32.eqz (local.get $object))
      (then (call $PyErr_Clear) (return (i32.const 0))))
    (i32.add (local.get $object) (i32.const 16)))

  ;;@callbacks

  ;; ---- WASI 0.2, as libc asks for it -----------------------------------------------------------

  (func $one_handle (result i32) (i32.const 1))

  (func (export "wasi:clocks/monotonic-clock#now") (result i64)
    (local $frame i32)
    (local.set $frame (call $enter))
    (drop (call $clock_time_get (i32.const 1) (i64.const 0) (local.get $frame)))
    (drop (call $leave (i32.const 0)))
    (i64.load (local.get $frame)))
  (func (export "wasi:clocks/monotonic-clock#resolution") (result i64) (i64.const 1))
  ;; Envoy never sleeps: waiting ends at once.
  (func (export "wasi:clocks/monotonic-clock#subscribe-instant") (param i64) (result i32) (call $one_handle))
  (func (export "wasi:clocks/monotonic-clock#subscribe-duration") (param i64) (result i32) (call $one_handle))
  (func (export "wasi:clocks/wall-clock#now") (param $out i32)
    (local $frame i32) (local $time i64)
    (local.set $frame (call $enter))
    (drop (call $clock_time_get (i32.const 0) (i64.const 0) (local.get $frame)))
    (local.set $time (i64.load (local.get $frame)))
    (drop (call $leave (i32.const 0)))
    (i64.store (local.get $out) (i64.div_u (local.get $time) (i64.const 1000000000)))
    (i32.store offset=8 (local.get $out) (i32.wrap_i64 (i64.rem_u (local.get $time) (i64.const 1000000000)))))
  (func (export "wasi:clocks/wall-clock#resolution") (param $out i32)
    (i64.store (local.get $out) (i64.const 0))
    (i32.store offset=8 (local.get $out) (i32.const 1)))

  ;; Envoy answers at most 64 KiB at once.
  (func (export "wasi:random/random#get-random-bytes") (param $size i64) (param $out i32)
    (local $buffer i32) (local $left i32) (local $place i32) (local $part i32)
    (local.set $left (i32.wrap_i64 (local.get $size)))
    (local.set $buffer (call $malloc (local.get $left)))
    (local.set $place (local.get $buffer))
    (i32.store (local.get $out) (local.get $buffer))
    (i32.store offset=4 (local.get $out) (local.get $left))
    (block $end
      (loop $more
        (br_if $end (i32.eqz (local.get $left)))
        (local.set $part (select (local.get $left) (i32.const 65536) (i32.lt_u (local.get $left) (i32.const 65536))))
        (drop (call $random_get (local.get $place) (local.get $part)))
        (local.set $place (i32.add (local.get $place) (local.get $part)))
        (local.set $left (i32.sub (local.get $left) (local.get $part)))
        (br $more))))

  (func $empty_list (param $out i32)
    (i32.store (local.get $out) (i32.const 0))
    (i32.store offset=4 (local.get $out) (i32.const 0)))
  ;; The snapshot holds the environment of the build; the SDK reads the VM's with $call_environ.
  (func (export "wasi:cli/environment#get-environment") (param i32) (call $empty_list (local.get 0)))
  (func (export "wasi:cli/environment#get-arguments") (param i32) (call $empty_list (local.get 0)))
  (func (export "wasi:filesystem/preopens#get-directories") (param i32) (call $empty_list (local.get 0)))
  (func (export "wasi:cli/exit#exit") (param i32)
    (unreachable))

  (func (export "wasi:cli/stdin#get-stdin") (result i32) (i32.const 3))
  (func (export "wasi:cli/stdout#get-stdout") (result i32) (i32.const 1))
  (func (export "wasi:cli/stderr#get-stderr") (result i32) (i32.const 2))
  (func $absent (param $out i32) (i32.store8 (local.get $out) (i32.const 0)))
  (func (export "wasi:cli/terminal-stdin#get-terminal-stdin") (param i32) (call $absent (local.get 0)))
  (func (export "wasi:cli/terminal-stdout#get-terminal-stdout") (param i32) (call $absent (local.get 0)))
  (func (export "wasi:cli/terminal-stderr#get-terminal-stderr") (param i32) (call $absent (local.get 0)))

  ;; Streams: what C code writes to file descriptors 1 and 2. Handles other than stdout's are
  ;; stderr's or left from before the snapshot.
  (func (export "wasi:io/streams#[method]output-stream.check-write") (param i32 i32)
    (i32.store8 (local.get 1) (i32.const 0))
    (i64.store offset=8 (local.get 1) (i64.const 65536)))
  (func (export "wasi:io/streams#[method]output-stream.write") (param $stream i32) (param $address i32) (param $size i32) (param $out i32)
    (local $frame i32)
    (local.set $frame (call $enter))
    (i32.store (local.get $frame) (local.get $address))
    (i32.store offset=4 (local.get $frame) (local.get $size))
    (drop (call $fd_write
      (select (i32.const 1) (i32.const 2) (i32.eq (local.get $stream) (i32.const 1)))
      (local.get $frame) (i32.const 1) (i32.add (local.get $frame) (i32.const 8))))
    (drop (call $leave (i32.const 0)))
    (i32.store8 (local.get $out) (i32.const 0)))
  (func (export "wasi:io/streams#[method]output-stream.blocking-flush") (param i32 i32)
    (i32.store8 (local.get 1) (i32.const 0)))
  (func (export "wasi:io/streams#[method]output-stream.subscribe") (param i32) (result i32) (call $one_handle))
  (func (export "wasi:io/streams#[method]input-stream.subscribe") (param i32) (result i32) (call $one_handle))
  ;; stdin is at its end: error, closed.
  (func (export "wasi:io/streams#[method]input-stream.read") (param i32 i64 i32)
    (i32.store8 (local.get 2) (i32.const 1))
    (i32.store8 offset=4 (local.get 2) (i32.const 1)))

  (func (export "wasi:io/poll#[method]pollable.block") (param i32))
  ;; Everything is ready.
  (func (export "wasi:io/poll#poll") (param $list i32) (param $count i32) (param $out i32)
    (local $ready i32) (local $index i32)
    (local.set $ready (call $malloc (i32.shl (local.get $count) (i32.const 2))))
    (i32.store (local.get $out) (local.get $ready))
    (i32.store offset=4 (local.get $out) (local.get $count))
    (block $end
      (loop $more
        (br_if $end (i32.ge_u (local.get $index) (local.get $count)))
        (i32.store (i32.add (local.get $ready) (i32.shl (local.get $index) (i32.const 2))) (local.get $index))
        (local.set $index (i32.add (local.get $index) (i32.const 1)))
        (br $more))))

  (func (export "wasi_snapshot_preview1#reset_adapter_state"))
  (func (export "wasi:sockets/instance-network#instance-network") (result i32) (call $one_handle))
  (func (export "wasi:sockets/tcp#[method]tcp-socket.is-listening") (param i32) (result i32) (i32.const 0))
  (func (export "wasi:sockets/tcp#[method]tcp-socket.subscribe") (param i32) (result i32) (call $one_handle))
  (func (export "wasi:sockets/udp#[method]udp-socket.subscribe") (param i32) (result i32) (call $one_handle))
  (func (export "wasi:sockets/udp#[method]incoming-datagram-stream.subscribe") (param i32) (result i32) (call $one_handle))
  (func (export "wasi:sockets/udp#[method]outgoing-datagram-stream.subscribe") (param i32) (result i32) (call $one_handle))
  (func (export "wasi:sockets/ip-name-lookup#[method]resolve-address-stream.subscribe") (param i32) (result i32) (call $one_handle))

  ;;@bindings
)
