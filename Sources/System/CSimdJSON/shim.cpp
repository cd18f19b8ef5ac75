#include "csimdjson.h"
#include <algorithm>
#include <new>
#include <simdjson.h>

struct vtag_json_parser {
    simdjson::dom::parser parser;
    size_t max_depth;
    // simdjson allocates for 32 bytes at least, and refuses what a smaller bound would forbid; the caller checks its own.
    explicit vtag_json_parser(size_t max_bytes, size_t depth) : parser(std::max<size_t>(max_bytes, 4096)), max_depth(depth) {}
};

extern "C" {

vtag_json_parser *vtag_json_parser_new(size_t max_bytes, size_t max_depth) {
    return new (std::nothrow) vtag_json_parser(max_bytes, max_depth);
}

void vtag_json_parser_free(vtag_json_parser *parser) { delete parser; }

int vtag_json_parse(vtag_json_parser *p, const char *bytes, size_t length) {
    if (p->parser.capacity() < length || p->parser.max_depth() != p->max_depth) {
        if (length > p->parser.max_capacity()) return simdjson::CAPACITY;
        size_t wanted = std::min<size_t>(std::max<size_t>(length, 4096), p->parser.max_capacity());
        auto error = p->parser.allocate(wanted, p->max_depth);
        if (error) return error;
    }
    return p->parser.parse(bytes, length, true).error();
}

const char *vtag_json_error(int code) { return simdjson::error_message(simdjson::error_code(code)); }

const uint64_t *vtag_json_tape(const vtag_json_parser *p) { return p->parser.doc.tape.get(); }
const uint8_t *vtag_json_strings(const vtag_json_parser *p) { return p->parser.doc.string_buf.get(); }
}
