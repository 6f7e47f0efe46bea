/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BIN_SOCKLOAD_DELIVERY_H
#define SOCKD_BIN_SOCKLOAD_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

struct load;
struct member;
struct message;
struct session;

/* A member of a fan-out got a line: counts a message that is right, names one
 * that is not. Lines without a message are the server's own. */
void delivery_line(struct session *session, const char *line, size_t len);
/* Where in a line of `size` bytes or more a message begins; NULL: nowhere. */
const char *message_find(const char *line, size_t len, size_t size);
/* Reads its head. */
bool message_parse(const char *at, struct message *ret);
/* A member that is gone waits for nothing any more. */
void delivery_forgive(struct load *l, const struct member *m);
/* What is on its way will not come: lost. */
void delivery_name_missing(struct load *l);
/* What was skipped and never came: lost. */
void delivery_name_holes(struct load *l);

#endif
