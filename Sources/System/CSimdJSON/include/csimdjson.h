#ifndef VTAG_CSIMDJSON_H
#define VTAG_CSIMDJSON_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/// A reusable parser and the document that it parsed last. Not thread-safe.
typedef struct vtag_json_parser vtag_json_parser;

/// `max_depth`: deepest nesting of arrays and objects that is accepted.
vtag_json_parser *vtag_json_parser_new(size_t max_bytes, size_t max_depth);
void vtag_json_parser_free(vtag_json_parser *parser);

/// Parses one document. 0, or a simdjson error code. The input is copied with the padding that simdjson needs.
int vtag_json_parse(vtag_json_parser *parser, const char *bytes, size_t length);
const char *vtag_json_error(int code);

/// The tape of the last document (simdjson `doc/tape.md`) and its string buffer
/// (each string: 4 bytes of length in host order, the UTF-8, a zero byte).
const uint64_t *vtag_json_tape(const vtag_json_parser *parser);
const uint8_t *vtag_json_strings(const vtag_json_parser *parser);

#ifdef __cplusplus
}
#endif
#endif
