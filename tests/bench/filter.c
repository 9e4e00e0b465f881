// The same filter as the Python one, by hand in C: what a filter in Wasm costs at least.
//
// Built without a library, so it exports the few functions that every filter must have and no
// callback but the one that works (Proxy-Wasm ABI 0.2.1).

typedef unsigned int u32;

#define HOST(name) __attribute__((import_module("env"), import_name(#name)))
#define GUEST(name) __attribute__((export_name(#name)))

enum { RESPONSE_HEADERS = 2, OK = 0, CONTINUE = 0 };

HOST(proxy_replace_header_map_value)
u32 proxy_replace_header_map_value(u32 map, const char *name, u32 name_size, const char *value,
                                   u32 value_size);

GUEST(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1(void) {}

// Envoy loads no module without an allocator, though nothing here has it hand memory over.
GUEST(proxy_on_memory_allocate) void *proxy_on_memory_allocate(u32 size) {
  (void)size;
  return 0;
}

GUEST(proxy_on_response_headers) u32 proxy_on_response_headers(u32 context, u32 count, u32 end) {
  (void)context, (void)count, (void)end;
  static const char name[] = "x-hello", value[] = "world";
  if (proxy_replace_header_map_value(RESPONSE_HEADERS, name, sizeof name - 1, value,
                                     sizeof value - 1) != OK)
    __builtin_trap();
  return CONTINUE;
}
