/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_LOG_H
#define SOCKD_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

/* Logging that never blocks its caller: records go into a bounded queue, one
 * thread writes them to a sink. When the queue is full records are counted and
 * the loss is said as soon as there is room. Any thread may log. */

enum log_level { /* values are those of syslog(3) */
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7,
};

/* What a record is about; every string may be NULL. For the journal these are
 * fields, on stderr the text names them itself. */
struct log_about {
	const char *service; /* SOCKD_SERVICE */
	const char *peer;    /* SOCKD_PEER */
	uint64_t conn;       /* SOCKD_CONN; 0: none */
};

struct log_record {
	enum log_level level;
	int64_t wall_ms;
	const char *text; /* one line, printable, borrowed */
	struct log_about about;
};

/* Writes one record; called by the log thread only (by log_stop() for what is
 * left if it never ran). May block. */
typedef void (*log_sink_fn)(const struct log_record *record);

/* The sink that writes "time level text" lines to stderr. */
void log_sink_stderr(const struct log_record *record);

/* Before log_start() and after log_stop() records are written to stderr at
 * once, so that start-up errors are never lost. */
int log_start(log_sink_fn sink); /* 0 or -errno */
/* Writes what is queued, waiting at most a second for a sink that blocks. */
void log_stop(void);
void log_set_level(enum log_level level); /* at once, for all threads */
uint64_t log_n_lost(void); /* records so far for which there was no room */
bool log_enabled(enum log_level level);
/* "error" ... "debug", NULL after the last: for the option table. */
extern const char *const log_level_names[];
enum log_level log_level_of(int name_index);

void log_write(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void log_about(enum log_level level, const struct log_about *about,
	const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Has fn called with each record, on the log thread, before it is written;
 * NULL: no more (a call that is under way has ended on return). fn is quick and
 * does not log. There is one at a time. */
void log_tap(void (*fn)(const struct log_record *record, void *arg), void *arg);

/* Keeps what clients can cause from filling the log: `burst` lines at once,
 * then one a second; what was left out is counted and said. One per call site,
 * static; safe in all threads. */
struct log_limit {
	unsigned burst; /* at least 1 */
	_Atomic uint64_t state;
	_Atomic uint64_t left_out;
};
/* True if this line may be written. *ret_left_out is how many were left out
 * since the last one that might (say so in the line if it is not 0). */
bool log_limit_pass(struct log_limit *limit, uint64_t *ret_left_out);
/* " left_out=N" for the end of that line, "" for 0. Returns buf. */
#define LOG_LEFT_OUT_LEN 32
const char *log_left_out(char *buf, uint64_t n);

#define log_error(...)   log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
