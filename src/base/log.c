/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The log: a ring of records between all threads and the one that writes.
 *
 * A journal or a terminal that does not read would block whoever writes to it,
 * so nobody writes but the log thread: log_write() formats into a slot of the
 * ring under a lock that is held for a copy, never for I/O. A full ring drops
 * the record and counts it; the count is said by the thread before the next
 * record it writes. Before log_start() and after log_stop() there is no thread
 * and records go to stderr directly.
 *
 *   log_write() --> slots[head % N] ... slots[tail % N] --> sink
 */
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define LOG_SLOTS    1024
#define LOG_TEXT_LEN 1024
#define LOG_NAME_LEN 64
#define LOG_PEER_LEN 128
#define LOG_STOP_MS  1000

struct slot {
	enum log_level level;
	int64_t wall_ms;
	uint64_t conn;
	char service[LOG_NAME_LEN]; /* "": none */
	char peer[LOG_PEER_LEN];
	char text[LOG_TEXT_LEN];
};

struct ring {
	pthread_mutex_t lock;
	pthread_cond_t filled; /* something to write, or stopping */
	pthread_cond_t ended;  /* the thread wrote all and left */
	struct slot *slots;    /* owned by the thread once it runs; LOG_SLOTS */
	size_t head, tail;     /* next to fill, next to write; count up */
	uint64_t n_lost, n_lost_said; /* since the start */
	bool running, stopping;
	pthread_t thread;
	log_sink_fn sink;
};

static struct ring ring = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.filled = PTHREAD_COND_INITIALIZER,
};
static atomic_int max_level = LOG_LEVEL_INFO;

/* Held while fn is called. */
static struct {
	pthread_mutex_t lock;
	void (*fn)(const struct log_record *record, void *arg);
	void *arg;
} tap = {.lock = PTHREAD_MUTEX_INITIALIZER};

const char *const log_level_names[] = {
	"error", "warning", "notice", "info", "debug", NULL};

enum log_level log_level_of(int name_index)
{
	assert(name_index >= 0 && name_index <= 4);
	return (enum log_level)(LOG_LEVEL_ERROR + name_index);
}

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&max_level, (int)level, memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
	return (int)level <=
		atomic_load_explicit(&max_level, memory_order_relaxed);
}

uint64_t log_n_lost(void)
{
	uint64_t n;

	pthread_mutex_lock(&ring.lock);
	n = ring.n_lost;
	pthread_mutex_unlock(&ring.lock);
	return n;
}

void log_sink_stderr(const struct log_record *record)
{
	char stamp[CLOCK_ISO_LEN];
	char line[LOG_TEXT_LEN + 64];
	int len;

	len = snprintf(line, sizeof(line), "%s %s %s\n",
		clock_format_iso(stamp, record->wall_ms),
		log_level_names[record->level - LOG_LEVEL_ERROR], record->text);
	if (len >= (int)sizeof(line))
		len = (int)sizeof(line) - 1;
	for (int off = 0; off < len;) {
		ssize_t n = write(
			STDERR_FILENO, line + off, (size_t)(len - off));

		if (n < 0 && errno != EINTR)
			return; /* nowhere left to complain */
		off += n > 0 ? (int)n : 0;
	}
}

void log_tap(void (*fn)(const struct log_record *record, void *arg), void *arg)
{
	pthread_mutex_lock(&tap.lock);
	tap.fn = fn;
	tap.arg = arg;
	pthread_mutex_unlock(&tap.lock);
}

static void call_tap(const struct log_record *record)
{
	pthread_mutex_lock(&tap.lock);
	if (tap.fn)
		tap.fn(record, tap.arg);
	pthread_mutex_unlock(&tap.lock);
}

static void sink_slot(log_sink_fn sink, const struct slot *slot)
{
	struct log_record record = {
		.level = slot->level,
		.wall_ms = slot->wall_ms,
		.text = slot->text,
		.about =
			{
				.service = slot->service[0] ? slot->service
							    : NULL,
				.peer = slot->peer[0] ? slot->peer : NULL,
				.conn = slot->conn,
			},
	};

	call_tap(&record);
	sink(&record);
}

static void sink_lost(log_sink_fn sink, uint64_t n)
{
	struct slot slot = {
		.level = LOG_LEVEL_WARNING, .wall_ms = clock_wall_ms()};

	snprintf(slot.text, sizeof(slot.text),
		"log lines lost while their reader was stopped lines=%llu",
		(unsigned long long)n);
	sink_slot(sink, &slot);
}

static void copy_name(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void fill_slot(struct slot *slot, enum log_level level,
	const struct log_about *about, const char *text)
{
	slot->level = level;
	slot->wall_ms = clock_wall_ms();
	slot->conn = about ? about->conn : 0;
	copy_name(slot->service, sizeof(slot->service),
		about ? about->service : NULL);
	copy_name(slot->peer, sizeof(slot->peer), about ? about->peer : NULL);
	copy_name(slot->text, sizeof(slot->text), text);
}

/* Writes the oldest record; called with the lock, drops it for the I/O. */
static void write_oldest(void)
{
	struct slot slot = ring.slots[ring.tail % LOG_SLOTS];
	uint64_t n_lost = ring.n_lost - ring.n_lost_said;

	ring.tail++;
	ring.n_lost_said = ring.n_lost;
	pthread_mutex_unlock(&ring.lock);
	if (n_lost)
		sink_lost(ring.sink, n_lost);
	sink_slot(ring.sink, &slot);
	pthread_mutex_lock(&ring.lock);
}

static void *log_thread(void *arg)
{
	pthread_mutex_lock(&ring.lock);
	for (;;) {
		while (ring.head == ring.tail && !ring.stopping)
			pthread_cond_wait(&ring.filled, &ring.lock);
		if (ring.head == ring.tail)
			break;
		write_oldest();
	}
	ring.running = false;
	pthread_cond_signal(&ring.ended);
	pthread_mutex_unlock(&ring.lock);
	return NULL;
}

/* The thread takes no signals: they are the main thread's. */
static int spawn(void)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&ring.thread, NULL, log_thread, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -err;
}

int log_start(log_sink_fn sink)
{
	int err;

	assert(sink && !ring.running);
	ring.slots = calloc(LOG_SLOTS, sizeof(*ring.slots));
	if (!ring.slots)
		return -ENOMEM;
	clock_cond_init(&ring.ended);
	ring.sink = sink;
	ring.head = ring.tail = 0;
	ring.stopping = false;
	ring.running = true;
	err = spawn();
	if (err) {
		ring.running = false;
		free(ring.slots);
		ring.slots = NULL;
	}
	return err;
}

void log_stop(void)
{
	struct timespec until = clock_deadline(LOG_STOP_MS);
	bool ended;
	int err = 0;

	pthread_mutex_lock(&ring.lock);
	if (!ring.slots) {
		pthread_mutex_unlock(&ring.lock);
		return;
	}
	ring.stopping = true;
	pthread_cond_signal(&ring.filled);
	while (ring.running && !err)
		err = pthread_cond_timedwait(&ring.ended, &ring.lock, &until);
	ended = !ring.running;
	pthread_mutex_unlock(&ring.lock);
	if (!ended) {
		/* It hangs in a write that nobody reads; the slots stay its. */
		pthread_detach(ring.thread);
		return;
	}
	pthread_join(ring.thread, NULL);
	free(ring.slots);
	ring.slots = NULL;
}

static void log_put(
	enum log_level level, const struct log_about *about, const char *text)
{
	struct slot direct;

	pthread_mutex_lock(&ring.lock);
	if (ring.running) {
		if (ring.head - ring.tail < LOG_SLOTS)
			fill_slot(&ring.slots[ring.head++ % LOG_SLOTS], level,
				about, text);
		else
			ring.n_lost++;
		pthread_cond_signal(&ring.filled);
		pthread_mutex_unlock(&ring.lock);
		return;
	}
	pthread_mutex_unlock(&ring.lock);
	fill_slot(&direct, level, about, text);
	sink_slot(log_sink_stderr, &direct);
}

static void __attribute__((format(printf, 3, 0)))
log_format(enum log_level level, const struct log_about *about, const char *fmt,
	va_list ap)
{
	char text[LOG_TEXT_LEN];

	if (!log_enabled(level))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	log_put(level, about, text);
}

void log_about(enum log_level level, const struct log_about *about,
	const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_format(level, about, fmt, ap);
	va_end(ap);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_format(level, NULL, fmt, ap);
	va_end(ap);
}

/* state is the time at which the allowance is full again, as in base/rate.h,
 * but atomic: a lost race costs one line more or less, which is harmless. */
#define LIMIT_STEP_MS 1000

bool log_limit_pass(struct log_limit *limit, uint64_t *ret_left_out)
{
	uint64_t now = clock_mono_ms();
	uint64_t full = atomic_load_explicit(
		&limit->state, memory_order_relaxed);

	assert(limit->burst > 0);
	if (full < now)
		full = now;
	if (full + LIMIT_STEP_MS > now + limit->burst * LIMIT_STEP_MS) {
		atomic_fetch_add_explicit(
			&limit->left_out, 1, memory_order_relaxed);
		return false;
	}
	atomic_store_explicit(
		&limit->state, full + LIMIT_STEP_MS, memory_order_relaxed);
	*ret_left_out = atomic_exchange_explicit(
		&limit->left_out, 0, memory_order_relaxed);
	return true;
}

const char *log_left_out(char *buf, uint64_t n)
{
	buf[0] = '\0';
	if (n)
		snprintf(buf, LOG_LEFT_OUT_LEN, " left_out=%llu",
			(unsigned long long)n);
	return buf;
}
