#ifndef VTAG_CRE2_H
#define VTAG_CRE2_H
#include <stddef.h>
#include <stdbool.h>
#ifdef __cplusplus
extern "C" {
#endif

/// A compiled RE2 pattern: matches in time linear in its input. Safe to share between threads.
typedef struct vtag_re2 vtag_re2;

/// NULL only when out of memory; ask `vtag_re2_error` whether it compiled.
vtag_re2 *vtag_re2_new(const char *pattern, size_t length, bool ignore_case, size_t max_memory_bytes);
void vtag_re2_free(vtag_re2 *re);
/// NULL when the pattern is good, else what is wrong with it.
const char *vtag_re2_error(const vtag_re2 *re);
int vtag_re2_group_count(const vtag_re2 *re);

/// Unanchored search. Fills up to `groups` (start, end) pairs, group 0 first; -1, -1 for a group that took no part.
bool vtag_re2_match(const vtag_re2 *re, const char *text, size_t length, long *pairs, int groups);

#ifdef __cplusplus
}
#endif
#endif
