/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_CONFIG_H
#define SOCKD_APP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/option.h"
#include "base/str.h"
#include "base/units.h"
#include "chat/settings.h"

struct config_tree;
struct proto;

/* The effective configuration: file, drop-ins, -o, defaults. Plain values,
 * filled by config_load() and not changed afterwards. */

struct limits_config {
	int64_t connections, connections_per_address;
	struct rate_spec connect_rate, udp_answers;
	uint64_t line, message;
	uint64_t output_soft, output_hard, output_total, output_patience_ms;
};

struct timeouts_config {
	uint64_t idle_ms, handshake_ms, linger_ms;
};

enum transport { TRANSPORT_TCP, TRANSPORT_UDP, TRANSPORT_TLS };
enum framing { FRAMING_STREAM, FRAMING_LINE, FRAMING_LENGTH };

struct service_config {
	char *name;                /* owned */
	const struct proto *proto; /* its row in the registry */
	char *protocol;            /* as written */
	int transport, framing;    /* enum transport, enum framing */
	struct strlist listen;
	int64_t backlog, max_connections;
	bool enabled;
	uint64_t send_buffer; /* 0: the kernel's choice */
	uint64_t idle_ms;     /* inheritance resolved */
	struct strlist allow, proxy_protocol;
	char *tls_certificate, *tls_key, *tls_client_ca;
	char *mode, *group; /* unix sockets; mode as octal text */
	void *options;      /* proto->options_size bytes; owned */
};

struct config {
	int64_t workers;               /* 0: one per processor, at most 4 */
	char *runtime_dir, *state_dir; /* resolved, never empty */
	int log_level;                 /* index into log_level_names */
	uint64_t drain_ms;
	struct strlist exempt;
	uint64_t keepalive_ms;
	struct limits_config limits;
	struct timeouts_config timeouts;
	struct chat_settings chat;
	char *control_path, *control_mode, *control_group;
	struct service_config *services; /* enabled ones, in order; owned */
	size_t n_services;
	struct config_tree *tree; /* where each value was written; owned */
};

/* Where a configuration comes from: the same for start and reload. */
struct config_source {
	const char *file;             /* borrowed */
	const char *const *overrides; /* -o PATH=VALUE, in order */
	size_t n_overrides;
	const char *reader;   /* who is to read it too, or NULL: only root */
	bool reader_is_guess; /* without threads asks; a guess is a warning */
};

/* One finding. file NULL: a -o, named in the text. */
struct config_error {
	char *file;
	unsigned line; /* 0: the file as a whole */
	char *text;    /* "path: what is wrong and what to write" */
	bool warning;
};
#define CONFIG_ERRORS_MAX 200
struct config_errors {
	struct config_error *items; /* owned; the last may count more */
	size_t n_items;
	size_t n_left_out;
	size_t n_errors;  /* findings that are not warnings */
	size_t n_passing; /* of those: time may mend them, not the writer */
	bool is_oom;      /* memory ran out: the findings are not all */
};
void config_errors_fini(struct config_errors *errors);
/* "FILE:LINE: text" into out, without a newline. */
void config_error_format(const struct config_error *e, struct strbuf *out);

/* Reads and checks everything that can be checked without opening a listening
 * socket: every error, not only the first (of a file that does not parse, its
 * first). Resolves names. Returns 0 and *ret (owned), or a sysexits.h code:
 * EX_USAGE a bad -o, EX_NOINPUT file unreadable, EX_OSERR if another try may
 * do (no memory, no name server), EX_CONFIG the rest. errors may hold warnings
 * on success. Blocks; any thread. */
int config_load(const struct config_source *src, struct config **ret,
	struct config_errors *errors) __attribute__((warn_unused_result));
void config_free(struct config *cfg);  /* NULL is fine */
const char *config_library_text(void); /* "libconfig 1.5.0" */

/* -T: text that config_load() accepts again, each value with its origin. */
int config_dump(const struct config *cfg, FILE *out);

/* Where an option was written, by its path: "FILE:LINE", "-o", "default". */
void config_origin(
	const struct config *cfg, const char *path, struct strbuf *out);

/* The tables, for -T, tests and lint: global options by full path; keys common
 * to services; keys of chat.rooms.NAME. */
extern const struct option config_options[];
extern const struct option config_service_options[];
extern const struct option config_room_options[];

#endif
