/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parses headers of the PROXY protocol, versions 1 and 2, as laid down in "The
 * PROXY protocol", doc/proxy-protocol.txt of HAProxy (2020/03/05), section 2.
 * Pure, any thread.
 *
 * Bytes are taken one by one into `head`, so that the result does not depend on
 * how they were cut, and whatever is no header is told by its first byte.
 *
 *   version 1: the line is kept whole, 107 bytes at most, and read at its LF
 *   version 2: 16 bytes that tell the rest, the addresses if they are of use,
 *              then n_skip bytes that are only counted
 *
 * So a header of version 2 may have all the 65,551 bytes that its length can
 * express, and costs no more memory than a line. What is skipped is TLVs, the
 * checksum (CRC32C) among them, which a receiver need not know, and addresses
 * of other kinds: a unix socket or datagrams in front of the proxy, where the
 * specification has a receiver fall back to the socket's own. */
#include "net/proxy.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BEGIN     "PROXY "
#define LINE_BEGIN_LEN (sizeof(LINE_BEGIN) - 1)
#define UNKNOWN        "UNKNOWN"
#define V2_SIGN        "\r\n\r\n\0\r\nQUIT\n"
#define V2_SIGN_LEN    (sizeof(V2_SIGN) - 1)
#define V2_HEAD_LEN    16
#define V2_VERSION     2

static enum proxy_outcome invalid(struct proxy_parser *p, const char *fault)
{
	p->fault = fault;
	return PROXY_INVALID;
}

/* True if what is there of head begins like `sign`, or sign like it. */
static bool goes_on_as(
	const struct proxy_parser *p, const char *sign, size_t len)
{
	return memcmp(p->head, sign, p->n_head < len ? p->n_head : len) == 0;
}

static void fill_in(struct addr *a, const void *ip, const void *port)
{
	*a = (struct addr){.len = sizeof(a->in)};
	a->in.sin_family = AF_INET;
	memcpy(&a->in.sin_addr, ip, sizeof(a->in.sin_addr));
	memcpy(&a->in.sin_port, port, sizeof(a->in.sin_port));
}

static void fill_in6(struct addr *a, const void *ip, const void *port)
{
	*a = (struct addr){.len = sizeof(a->in6)};
	a->in6.sin6_family = AF_INET6;
	memcpy(&a->in6.sin6_addr, ip, sizeof(a->in6.sin6_addr));
	memcpy(&a->in6.sin6_port, port, sizeof(a->in6.sin6_port));
}

/* Version 1. */

/* A port in decimal, without zeros in front. */
static bool read_port(const char *text, in_port_t *ret)
{
	size_t len = strlen(text);
	unsigned long n;

	if (len < 1 || len > 5 || strspn(text, "0123456789") != len ||
		(len > 1 && text[0] == '0'))
		return false;
	n = strtoul(text, NULL, 10);
	*ret = htons((in_port_t)n);
	return n <= UINT16_MAX;
}

static bool read_endpoint(
	int family, const char *ip, const char *port, struct addr *ret)
{
	struct in6_addr bytes; /* room for both */
	in_port_t number;

	if (inet_pton(family, ip, &bytes) != 1 || !read_port(port, &number))
		return false;
	if (family == AF_INET)
		fill_in(ret, &bytes, &number);
	else
		fill_in6(ret, &bytes, &number);
	return true;
}

/* The words of the line behind PROXY, one blank between each two. */
static enum proxy_outcome read_words(
	struct proxy_parser *p, char *line, struct proxy_addresses *ret)
{
	char *words[5], *rest = line;
	int family;

	for (int i = 0; i < 5; i++) {
		words[i] = i < 4 ? strsep(&rest, " ") : rest;
		if (!words[i])
			return invalid(p, "words of the line are missing");
	}
	family = strcmp(words[0], "TCP4") == 0  ? AF_INET
		: strcmp(words[0], "TCP6") == 0 ? AF_INET6
						: AF_UNSPEC;
	if (family == AF_UNSPEC)
		return invalid(p, "neither TCP4 nor TCP6 nor UNKNOWN");
	if (!read_endpoint(family, words[1], words[3], &ret->source))
		return invalid(p, "the source is no address and port");
	if (!read_endpoint(family, words[2], words[4], &ret->destination))
		return invalid(p, "the destination is no address and port");
	return PROXY_STATED;
}

/* head holds the line with its LF. */
static enum proxy_outcome read_line(
	struct proxy_parser *p, struct proxy_addresses *ret)
{
	char line[PROXY_LINE_MAX];
	size_t len = p->n_head - LINE_BEGIN_LEN;
	size_t unknown = strlen(UNKNOWN);

	memcpy(line, p->head + LINE_BEGIN_LEN, len);
	if (len < 2 || line[len - 2] != '\r')
		return invalid(p, "the line ends without a CR");
	len -= 2;
	line[len] = '\0';
	if (strncmp(line, UNKNOWN, unknown) == 0 &&
		(len == unknown || line[unknown] == ' '))
		return PROXY_UNSTATED;
	if (strlen(line) != len)
		return invalid(p, "a NUL in the line");
	return read_words(p, line, ret);
}

static enum proxy_outcome take_line_byte(
	struct proxy_parser *p, struct proxy_addresses *ret)
{
	if (!goes_on_as(p, LINE_BEGIN, LINE_BEGIN_LEN))
		return invalid(p, "no PROXY header");
	if (p->head[p->n_head - 1] == '\n')
		return read_line(p, ret);
	if (p->n_head == PROXY_LINE_MAX)
		return invalid(p, "the line has more than 107 bytes");
	return PROXY_MORE;
}

/* Version 2. */

/* What the fixed part tells: the outcome to come, and what has to be read. */
static enum proxy_outcome read_fixed(struct proxy_parser *p)
{
	const uint8_t *head = p->head;
	unsigned version = head[12] >> 4, command = head[12] & 15;
	unsigned family = head[13] >> 4, transport = head[13] & 15;
	unsigned len = head[14] * 256u + head[15];
	unsigned used = 0;

	if (version != V2_VERSION)
		return invalid(p, "its version is neither 1 nor 2");
	if (command > 1)
		return invalid(p, "neither LOCAL nor PROXY");
	p->outcome = command == 0 ? PROXY_LOCAL : PROXY_UNSTATED;
	if (command == 1 && (family > 3 || transport > 2))
		return invalid(p, "a family that does not exist");
	if (command == 1 && transport == 1 && (family == 1 || family == 2)) {
		p->outcome = PROXY_STATED;
		used = family == 1 ? 12 : 36;
	}
	if (len < used)
		return invalid(p, "too short for its addresses");
	p->head_len = (uint8_t)(V2_HEAD_LEN + used);
	p->n_skip = len - used;
	return PROXY_MORE;
}

static enum proxy_outcome read_addresses(
	const struct proxy_parser *p, struct proxy_addresses *ret)
{
	const uint8_t *at = p->head + V2_HEAD_LEN;

	if (p->outcome != PROXY_STATED)
		return (enum proxy_outcome)p->outcome;
	if (p->head[13] >> 4 == 1) {
		fill_in(&ret->source, at, at + 8);
		fill_in(&ret->destination, at + 4, at + 10);
	} else {
		fill_in6(&ret->source, at, at + 32);
		fill_in6(&ret->destination, at + 16, at + 34);
	}
	return PROXY_STATED;
}

static bool is_head_whole(const struct proxy_parser *p)
{
	return p->head_len > 0 && p->n_head == p->head_len;
}

static enum proxy_outcome take_binary_byte(struct proxy_parser *p)
{
	if (!goes_on_as(p, V2_SIGN, V2_SIGN_LEN))
		return invalid(p, "no PROXY header");
	return p->n_head == V2_HEAD_LEN ? read_fixed(p) : PROXY_MORE;
}

static enum proxy_outcome take_byte(
	struct proxy_parser *p, uint8_t byte, struct proxy_addresses *ret)
{
	p->head[p->n_head++] = byte;
	return p->head[0] == LINE_BEGIN[0] ? take_line_byte(p, ret)
					   : take_binary_byte(p);
}

enum proxy_outcome proxy_parse(struct proxy_parser *p, const void *data,
	size_t len, size_t *ret_used, struct proxy_addresses *ret)
{
	const uint8_t *bytes = data;
	enum proxy_outcome outcome = PROXY_MORE;
	size_t used = 0;

	assert(!p->fault);
	while (outcome == PROXY_MORE && used < len && !is_head_whole(p))
		outcome = take_byte(p, bytes[used++], ret);
	if (outcome == PROXY_MORE && is_head_whole(p)) {
		size_t n = len - used < p->n_skip ? len - used : p->n_skip;

		used += n;
		p->n_skip -= (uint32_t)n;
		if (p->n_skip == 0)
			outcome = read_addresses(p, ret);
	}
	*ret_used = used;
	return outcome;
}
