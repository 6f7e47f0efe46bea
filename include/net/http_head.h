/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_HTTP_HEAD_H
#define SOCKD_NET_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* The head of an HTTP/1 request: its first line and the fields that somebody
 * needs who answers and then closes. Pure: bytes in, outcome out, however they
 * were cut; nothing is allocated. */

enum http_outcome {
	HTTP_MORE,            /* the head goes on */
	HTTP_WHOLE,           /* it is here: method, target, accept */
	HTTP_BAD,             /* it is none: `fault` says why */
	HTTP_TOO_LARGE,       /* more than HTTP_HEAD_MAX bytes */
	HTTP_TARGET_TOO_LONG, /* more than HTTP_TARGET_MAX of them the target */
	HTTP_OTHER_VERSION,   /* HTTP, but not version 1 */
};

#define HTTP_HEAD_MAX   8192
#define HTTP_METHOD_MAX 16 /* a longer one is cut: nobody knows it */
#define HTTP_TARGET_MAX 512
#define HTTP_ACCEPT_MAX 1024
#define HTTP_FIELD_MAX  8 /* as long as the names that are looked for */

/* Zero-initialised is before the first byte. */
struct http_head {
	uint16_t len;     /* bytes so far */
	uint8_t state;    /* see http_head.c */
	uint8_t at;       /* in the version */
	uint8_t minor;    /* of the version: HTTP/1.minor */
	uint8_t field;    /* which of the fields the value belongs to */
	uint8_t n_hosts;  /* fields "Host"; stops at 2 */
	bool accept_lost; /* it was too long, and is as good as none */
	uint16_t method_len, target_len, field_len, accept_len;
	char method[HTTP_METHOD_MAX + 1]; /* NUL-terminated, like those below */
	char target[HTTP_TARGET_MAX + 1];
	char name[HTTP_FIELD_MAX + 1];    /* of the field, in small letters */
	char accept[HTTP_ACCEPT_MAX + 1]; /* all such fields as one list */
	const char *fault;                /* static */
};

/* Takes the next bytes; *ret_used is how many of them belong to the head. Not
 * to be called again after another outcome than HTTP_MORE. */
enum http_outcome http_parse(
	struct http_head *h, const void *data, size_t len, size_t *ret_used);

/* Of a whole head: what the target names on this server, without a query. */
struct slice http_path(const struct http_head *h);

/* How much a list of media types wants `type` ("text/plain"), in thousandths:
 * only what names it, with this version or none, counts. 0: not. */
unsigned http_quality(
	const char *accept, const char *type, const char *version);

#endif
