/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_SLOW_H
#define SOCKD_BIN_SOCKLOAD_SLOW_H

#include <stdbool.h>
#include <stddef.h>

struct load;
struct session;

/* Members of a fan-out that do not keep up on purpose: nobody waits for what
 * they read, but all that they were not told must have been counted to them. */

/* Makes the first members what the options ask for. */
void slow_prepare(struct load *l);
/* The work begins: they stop reading, or read slowly. Once; later: nothing. */
void slow_begin(struct load *l);
/* One of them got a line. */
void slow_line(struct session *session, const char *line, size_t len);
/* True if each of them has read, or read the count of, all that was said. */
bool slow_have_read(const struct load *l);
/* What they have not: lost. */
void slow_name_missing(struct load *l);
/* Adds up what they read, for the report. */
void slow_conclude(struct load *l);
void slow_fini(struct load *l);

#endif
