/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a PROXY header, once whole and once in pieces; the first byte
 * chooses how the rest is cut.
 *
 *   - Both ways the same comes out: outcome, bytes used, addresses, fault.
 *   - While a header goes on all bytes belong to it; a line is never longer
 *     than its bound.
 *   - It ends at last: enough zeros behind the bytes end every header.
 *   - Addresses that came out are the same when they are written into a header
 *     of either version and parsed again.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ZEROS (16 + 65535)

struct parsed {
	struct proxy_parser parser;
	struct proxy_addresses got;
	enum proxy_outcome outcome;
	size_t used;
};

static void take(struct parsed *r, const uint8_t *data, size_t len)
{
	size_t used;

	r->outcome = proxy_parse(&r->parser, data, len, &used, &r->got);
	assert(r->outcome == PROXY_MORE ? used == len : used <= len);
	assert((r->outcome == PROXY_INVALID) == (r->parser.fault != NULL));
	r->used += used;
}

/* Pieces of the sizes that `cut` leads to, each in memory of its own size. */
static void take_pieces(
	struct parsed *r, const uint8_t *data, size_t len, unsigned cut)
{
	for (size_t at = 0, n; at < len && r->outcome == PROXY_MORE; at += n) {
		uint8_t *piece;

		cut = cut * 75 + 74;
		n = 1 + cut / 256 % 40;
		n = n < len - at ? n : len - at;
		piece = malloc(n);
		assert(piece);
		memcpy(piece, data + at, n);
		take(r, piece, n);
		free(piece);
	}
}

static void check_same(const struct parsed *a, const struct parsed *b)
{
	assert(a->outcome == b->outcome && a->used == b->used);
	if (a->outcome == PROXY_INVALID)
		assert(strcmp(a->parser.fault, b->parser.fault) == 0);
	if (a->outcome != PROXY_STATED)
		return;
	assert(addr_equal(&a->got.source, &b->got.source));
	assert(addr_equal(&a->got.destination, &b->got.destination));
}

static size_t write_line(const struct proxy_addresses *got, char *line)
{
	const struct addr *from = &got->source, *to = &got->destination;
	char a[INET6_ADDRSTRLEN], b[INET6_ADDRSTRLEN];
	int is6 = from->sa.sa_family == AF_INET6, n;

	inet_ntop(from->sa.sa_family,
		is6 ? (const void *)&from->in6.sin6_addr
		    : (const void *)&from->in.sin_addr,
		a, sizeof(a));
	inet_ntop(to->sa.sa_family,
		is6 ? (const void *)&to->in6.sin6_addr
		    : (const void *)&to->in.sin_addr,
		b, sizeof(b));
	n = sprintf(line, "PROXY TCP%c %s %s %u %u\r\n", is6 ? '6' : '4', a, b,
		ntohs(is6 ? from->in6.sin6_port : from->in.sin_port),
		ntohs(is6 ? to->in6.sin6_port : to->in.sin_port));
	assert(n > 0 && n <= PROXY_LINE_MAX);
	return (size_t)n;
}

static size_t write_binary(const struct proxy_addresses *got, char *head)
{
	const struct addr *from = &got->source, *to = &got->destination;
	int is6 = from->sa.sa_family == AF_INET6;
	size_t ip_len = is6 ? 16 : 4;

	memcpy(head, "\r\n\r\n\0\r\nQUIT\n\x21\0\0", 16);
	head[13] = is6 ? 0x21 : 0x11;
	head[15] = (char)(2 * ip_len + 4);
	head += 16;
	memcpy(head,
		is6 ? (const void *)&from->in6.sin6_addr
		    : (const void *)&from->in.sin_addr,
		ip_len);
	memcpy(head + ip_len,
		is6 ? (const void *)&to->in6.sin6_addr
		    : (const void *)&to->in.sin_addr,
		ip_len);
	head += 2 * ip_len;
	memcpy(head, is6 ? &from->in6.sin6_port : &from->in.sin_port, 2);
	memcpy(head + 2, is6 ? &to->in6.sin6_port : &to->in.sin_port, 2);
	return 16 + 2 * ip_len + 4;
}

static void check_addresses(const struct parsed *r)
{
	size_t (*const writers[])(const struct proxy_addresses *, char *) = {
		write_line, write_binary};
	char header[PROXY_LINE_MAX + 1];

	assert(r->got.source.sa.sa_family == r->got.destination.sa.sa_family);
	for (int i = 0; i < 2; i++) {
		struct parsed again = {.used = 0};
		size_t len = writers[i](&r->got, header);

		take(&again, (const uint8_t *)header, len);
		assert(again.outcome == PROXY_STATED && again.used == len);
		again.used = r->used;
		check_same(r, &again);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t zeros[ZEROS];
	struct parsed whole = {.used = 0}, pieces = {.used = 0};

	if (size < 2)
		return 0;
	take(&whole, data + 1, size - 1);
	take_pieces(&pieces, data + 1, size - 1, data[0]);
	check_same(&whole, &pieces);
	if (whole.outcome == PROXY_MORE && data[1] == 'P')
		assert(whole.used < PROXY_LINE_MAX);
	if (whole.outcome == PROXY_MORE)
		take(&whole, zeros, sizeof(zeros));
	assert(whole.outcome != PROXY_MORE);
	if (whole.outcome == PROXY_STATED)
		check_addresses(&whole);
	return 0;
}
