#include <sqlite3.h>

// Variadic, which Swift does not import: without totals of its memory, SQLite allocates without a lock. Only before its
// first other use in the process.
static inline int vtag_sqlite_without_memory_totals(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

// A macro with a cast, which Swift does not import: SQLite copies the bytes before the call returns.
static inline sqlite3_destructor_type vtag_sqlite_transient(void) { return SQLITE_TRANSIENT; }
