/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_SERVER_H
#define SOCKD_BIN_SOCKLOAD_SERVER_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct errmsg;

/* The process that is measured, found by its number. */
struct server {
	pid_t pid; /* 0: none is measured */
	clockid_t clock;
};

/* pid 0 is accepted and measures nothing. 0, or -errno with the reason. */
int server_init(struct server *s, pid_t pid, struct errmsg *msg);
/* The processor time of all its threads so far; 0 when it is gone or none. */
uint64_t server_cpu_ns(const struct server *s);
/* Its resident memory in bytes, exact; 0 when that cannot be read. */
uint64_t server_rss(const struct server *s);

#endif
