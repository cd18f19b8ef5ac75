#include "cre2.h"
#include <new>
#include <re2/re2.h>

struct vtag_re2 {
    re2::RE2 pattern;
    vtag_re2(const re2::StringPiece &text, const re2::RE2::Options &options) : pattern(text, options) {}
};

extern "C" {

vtag_re2 *vtag_re2_new(const char *pattern, size_t length, bool ignore_case, size_t max_memory_bytes) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_case_sensitive(!ignore_case);
    options.set_max_mem(static_cast<int64_t>(max_memory_bytes));
    return new (std::nothrow) vtag_re2(re2::StringPiece(pattern, length), options);
}

void vtag_re2_free(vtag_re2 *re) { delete re; }

const char *vtag_re2_error(const vtag_re2 *re) { return re->pattern.ok() ? nullptr : re->pattern.error().c_str(); }

int vtag_re2_group_count(const vtag_re2 *re) { return re->pattern.NumberOfCapturingGroups(); }

bool vtag_re2_match(const vtag_re2 *re, const char *text, size_t length, long *pairs, int groups) {
    constexpr int most = 17;
    re2::StringPiece found[most];
    if (groups > most) groups = most;
    if (!re->pattern.Match(re2::StringPiece(text, length), 0, length, re2::RE2::UNANCHORED, found, groups)) return false;
    for (int i = 0; i < groups; i++) {
        bool absent = found[i].data() == nullptr;
        pairs[2 * i] = absent ? -1 : found[i].data() - text;
        pairs[2 * i + 1] = absent ? -1 : found[i].data() - text + static_cast<long>(found[i].size());
    }
    return true;
}
}
