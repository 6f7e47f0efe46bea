/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses: what a `listen` entry says, where it is bound, how a peer is
 * shown, and in which networks it lies.
 *
 * listen_parse() is pure and refuses whatever could be read in two ways: an
 * IPv6 address without brackets, a bare number, "1.2.3" (which the resolver
 * would complete to 1.2.0.3). listen_resolve() alone may block; it is called
 * off the loops. "localhost" is never looked up: it is 127.0.0.1 and
 * ::1 on every machine (RFC 6761), whatever /etc/hosts leaves out.
 *
 * IPv4 lies in ::ffff:0:0/96, so an IPv4 peer of a dual-stack socket and one of
 * an IPv4 socket are in the same networks.
 */
#include "net/addr.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/errmsg.h"
#include "base/str.h"

static const uint8_t mapped_prefix[12] = {
	[10] = 0xff,
	[11] = 0xff,
};

static bool is_mapped(const struct in6_addr *a)
{
	return memcmp(a->s6_addr, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static char *format_in(char *buf, const void *ip, in_port_t port)
{
	char text[INET_ADDRSTRLEN];

	inet_ntop(AF_INET, ip, text, sizeof(text));
	snprintf(buf, ADDR_LEN, "%s:%u", text, ntohs(port));
	return buf;
}

static char *format_in6(char *buf, const struct sockaddr_in6 *in6)
{
	char text[INET6_ADDRSTRLEN];

	if (is_mapped(&in6->sin6_addr))
		return format_in(
			buf, in6->sin6_addr.s6_addr + 12, in6->sin6_port);
	inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text));
	if (in6->sin6_scope_id)
		snprintf(buf, ADDR_LEN, "[%s%%%u]:%u", text, in6->sin6_scope_id,
			ntohs(in6->sin6_port));
	else
		snprintf(buf, ADDR_LEN, "[%s]:%u", text, ntohs(in6->sin6_port));
	return buf;
}

/* len may end the path without a NUL; an abstract name begins with one. */
static char *format_un(char *buf, const struct sockaddr_un *un, socklen_t len)
{
	size_t max = len - offsetof(struct sockaddr_un, sun_path);

	if (un->sun_path[0])
		snprintf(buf, ADDR_LEN, "%.*s", (int)strnlen(un->sun_path, max),
			un->sun_path);
	else if (max > 1)
		snprintf(buf, ADDR_LEN, "@%.*s",
			(int)strnlen(un->sun_path + 1, max - 1),
			un->sun_path + 1);
	else
		strcpy(buf, "unix");
	return buf;
}

char *addr_format(char *buf, const struct sockaddr *sa, socklen_t len)
{
	struct addr a = {.len = len};

	assert(len <= sizeof(a.un));
	memcpy(&a.sa, sa, len);
	if (a.sa.sa_family == AF_INET)
		return format_in(buf, &a.in.sin_addr, a.in.sin_port);
	if (a.sa.sa_family == AF_INET6)
		return format_in6(buf, &a.in6);
	if (len <= offsetof(struct sockaddr_un, sun_path))
		return strcpy(buf, "unix");
	return format_un(buf, &a.un, len);
}

/* An address as getaddrinfo() reads it without a lookup, scope included. */
static bool is_address(const char *host)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *list;
	struct in_addr in;

	if (!strchr(host, ':'))
		return inet_pton(AF_INET, host, &in) == 1;
	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		return false;
	freeaddrinfo(list);
	return true;
}

static bool is_only(const char *text, const char *chars)
{
	return text[strspn(text, chars)] == '\0';
}

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static int parse_unix(
	const char *text, struct listen_spec *ret, struct errmsg *msg)
{
	if (strlen(text) >= sizeof(ret->path))
		return errmsg_set(msg, EINVAL,
			"the path \"%.40s...\" has %zu bytes; a socket's has "
			"at most %zu",
			text, strlen(text), sizeof(ret->path) - 1);
	ret->kind = LISTEN_UNIX;
	strcpy(ret->path, text);
	return 0;
}

/* A name without a colon: a socket in runtime_dir, unless it is something else
 * whose port was forgotten. */
static int parse_bare(
	const char *text, struct listen_spec *ret, struct errmsg *msg)
{
	if (is_only(text, DIGITS))
		return errmsg_set(msg, EINVAL,
			"\"%s\" names no host; write \"localhost:%s\" or "
			"\"*:%s\"",
			text, text, text);
	if (strcmp(text, "*") == 0 || strcmp(text, "localhost") == 0 ||
		is_only(text, DIGITS "."))
		return errmsg_set(msg, EINVAL,
			"\"%s\" has no port; write \"%s:PORT\"", text, text);
	if (strchr(text, '/'))
		return errmsg_set(msg, EINVAL,
			"\"%s\" is a relative path; write one that begins "
			"with \"/\", or a bare name in runtime_dir",
			text);
	return parse_unix(text, ret, msg);
}

static int check_port(const char *port, struct errmsg *msg)
{
	if (!*port)
		return errmsg_set(
			msg, EINVAL, "the port behind the colon is missing");
	if (is_only(port, DIGITS)) {
		if (strlen(port) > 5 || atoi(port) > 65535)
			return errmsg_set(msg, EINVAL,
				"there is no port %s; write 0 to 65535", port);
		return 0;
	}
	if (!is_only(port, DIGITS LETTERS "-_+.") || *port == '-' ||
		*port == '+')
		return errmsg_set(msg, EINVAL,
			"\"%s\" is neither a port number nor a name of "
			"/etc/services",
			port);
	return 0;
}

static int check_host(
	struct listen_spec *spec, bool brackets, struct errmsg *msg)
{
	const char *host = spec->host;

	spec->numeric = is_address(host);
	if (brackets && (!spec->numeric || !strchr(host, ':')))
		return errmsg_set(msg, EINVAL,
			"\"%s\" in brackets is not an IPv6 address", host);
	if (brackets)
		return 0;
	if (strcmp(host, "*") == 0) {
		spec->wildcard = true;
		return 0;
	}
	if (!spec->numeric && is_only(host, DIGITS "."))
		return errmsg_set(
			msg, EINVAL, "\"%s\" is not an IPv4 address", host);
	if (!is_only(host, DIGITS LETTERS "-_.") || *host == '-' ||
		*host == '.')
		return errmsg_set(
			msg, EINVAL, "\"%s\" is not a host name", host);
	return 0;
}

static int parse_inet(
	const char *text, struct listen_spec *ret, struct errmsg *msg)
{
	const char *colon = strrchr(text, ':');
	bool brackets = text[0] == '[';
	size_t len = (size_t)(colon - text);
	int r;

	if (len == 0)
		return errmsg_set(msg, EINVAL,
			"\"%s\" names no host; write \"*%s\" for every "
			"address",
			text, text);
	if (brackets && text[len - 1] != ']')
		return errmsg_set(msg, EINVAL,
			"\"%s\" has no port; write \"[ADDRESS]:PORT\"", text);
	if (!brackets && memchr(text, ':', len))
		return errmsg_set(msg, EINVAL,
			"\"%s\" has several colons; write an IPv6 address "
			"in brackets, as in \"[::1]:4000\"",
			text);
	if (len - 2 * brackets >= sizeof(ret->host) ||
		strlen(colon + 1) >= sizeof(ret->port))
		return errmsg_set(
			msg, EINVAL, "\"%.40s...\" is too long", text);
	ret->kind = LISTEN_INET;
	memcpy(ret->host, text + brackets, len - 2 * brackets);
	strcpy(ret->port, colon + 1);
	r = check_host(ret, brackets, msg);
	return r < 0 ? r : check_port(ret->port, msg);
}

int listen_parse(const char *text, struct listen_spec *ret, struct errmsg *msg)
{
	static const char systemd[] = "systemd:";
	struct listen_spec spec = {0};
	int r;

	for (const char *p = text; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return errmsg_set(msg, EINVAL,
				"\"%s\" holds a space; write \"HOST:PORT\", "
				"\"/PATH\" or a bare name",
				text);
	if (!*text)
		return errmsg_set(msg, EINVAL,
			"an empty address; write \"HOST:PORT\", \"/PATH\" or "
			"a bare name");
	if (text[0] == '/') {
		r = parse_unix(text, &spec, msg);
	} else if (strncmp(text, systemd, strlen(systemd)) == 0) {
		spec.kind = LISTEN_SYSTEMD;
		text += strlen(systemd);
		r = *text && strlen(text) < sizeof(spec.host)
			? 0
			: errmsg_set(msg, EINVAL,
				  "write the FileDescriptorName of the socket "
				  "behind \"systemd:\"");
		if (r == 0)
			strcpy(spec.host, text);
	} else if (strncmp(text, "unix:", 5) == 0 && text[5]) {
		r = errmsg_set(msg, EINVAL,
			"\"%s\": a unix socket is written as its path: \"%s\"",
			text, text + 5);
	} else if (strchr(text, ':')) {
		r = parse_inet(text, &spec, msg);
	} else {
		r = parse_bare(text, &spec, msg);
	}
	if (r == 0)
		*ret = spec;
	return r;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->len == b->len && memcmp(&a->sa, &b->sa, a->len) == 0;
}

static int lookup_error(
	int gai, const struct listen_spec *spec, struct errmsg *msg)
{
	switch (gai) {
	case EAI_MEMORY:
		return errmsg_set(msg, ENOMEM, "out of memory");
	case EAI_SERVICE:
		return errmsg_set(msg, ENOENT,
			"unknown port \"%s\"; write a number or a name of "
			"/etc/services",
			spec->port);
	case EAI_AGAIN:
		return errmsg_set(msg, EAGAIN,
			"no name server answers for the host \"%s\"",
			spec->host);
	case EAI_SYSTEM: /* what looks names up cannot be had */
		return errmsg_set(msg, EAGAIN,
			"the host \"%s\" cannot be looked up: %s", spec->host,
			strerror(errno));
	default:
		return errmsg_set(
			msg, ENOENT, "unknown host \"%s\"", spec->host);
	}
}

static int lookup(const struct listen_spec *spec, const char *host, int family,
	int socktype, struct addrinfo **ret)
{
	struct addrinfo hints = {
		.ai_family = family,
		.ai_socktype = socktype,
		.ai_flags = AI_PASSIVE,
	};

	if (spec->numeric)
		hints.ai_flags |= AI_NUMERICHOST;
	return getaddrinfo(host, spec->port, &hints, ret);
}

/* Adds what is not there yet: a resolver may say an address twice. */
static int collect(const struct addrinfo *found, struct addrlist *list)
{
	for (; found; found = found->ai_next) {
		struct addr a = {.len = found->ai_addrlen}, *more;
		size_t i = 0;

		memcpy(&a.sa, found->ai_addr, found->ai_addrlen);
		while (i < list->n_items && !addr_equal(&list->items[i], &a))
			i++;
		if (i < list->n_items)
			continue;
		more = reallocarray(
			list->items, list->n_items + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		list->items = more;
		more[list->n_items++] = a;
	}
	return 0;
}

static int resolve_inet(const struct listen_spec *spec, int socktype,
	struct addrlist *list, struct errmsg *msg)
{
	/* What is asked for which host; NULL is the any-address. */
	const struct {
		const char *host;
		int family;
	} local[] = {{"127.0.0.1", AF_INET}, {"::1", AF_INET6}},
	  any[] = {{NULL, AF_INET6}}, other[] = {{spec->host, AF_UNSPEC}},
	  *asks = other;
	size_t n_asks = 1;

	if (spec->wildcard) {
		asks = any;
	} else if (strcasecmp(spec->host, "localhost") == 0) {
		asks = local;
		n_asks = 2;
	}
	for (size_t i = 0; i < n_asks; i++) {
		struct addrinfo *found;
		int r = lookup(
			spec, asks[i].host, asks[i].family, socktype, &found);

		if (r != 0)
			return lookup_error(r, spec, msg);
		r = collect(found, list);
		freeaddrinfo(found);
		if (r < 0)
			return errmsg_set(msg, ENOMEM, "out of memory");
	}
	return 0;
}

static int resolve_unix(const struct listen_spec *spec, const char *runtime_dir,
	struct addrlist *list, struct errmsg *msg)
{
	struct addr *a = calloc(1, sizeof(*a));
	size_t max;
	int len;

	if (!a)
		return errmsg_set(msg, ENOMEM, "out of memory");
	max = sizeof(a->un.sun_path);
	a->un.sun_family = AF_UNIX;
	if (spec->path[0] == '/')
		len = snprintf(a->un.sun_path, max, "%s", spec->path);
	else
		len = snprintf(
			a->un.sun_path, max, "%s/%s", runtime_dir, spec->path);
	if ((size_t)len >= max) {
		free(a);
		return errmsg_set(msg, ENAMETOOLONG,
			"the path %s/%s has %d bytes; a socket's has at most "
			"%zu",
			runtime_dir, spec->path, len, max - 1);
	}
	a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
		(size_t)len + 1);
	*list = (struct addrlist){a, 1};
	return 0;
}

int listen_resolve(const struct listen_spec *spec, const char *runtime_dir,
	bool datagram, struct addrlist *ret, struct errmsg *msg)
{
	struct addrlist list = {NULL, 0};
	int r = 0;

	if (spec->kind == LISTEN_UNIX)
		r = resolve_unix(spec, runtime_dir, &list, msg);
	else if (spec->kind == LISTEN_INET)
		r = resolve_inet(
			spec, datagram ? SOCK_DGRAM : SOCK_STREAM, &list, msg);
	if (r < 0) {
		free(list.items);
		return r;
	}
	*ret = list;
	return 0;
}

bool addr_bytes(const struct sockaddr *sa, uint8_t bytes[16])
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		memcpy(bytes, mapped_prefix, sizeof(mapped_prefix));
		memcpy(bytes + 12, &in.sin_addr, 4);
		return true;
	}
	if (sa->sa_family != AF_INET6)
		return false;
	memcpy(&in6, sa, sizeof(in6));
	memcpy(bytes, &in6.sin6_addr, 16);
	return true;
}

bool netlist_has(const struct netlist *list, const struct sockaddr *sa)
{
	uint8_t bytes[16];

	if (!addr_bytes(sa, bytes))
		return false;
	for (size_t i = 0; i < list->n_nets; i++)
		if (network_has(&list->nets[i], bytes))
			return true;
	return false;
}

bool addr_is_loopback(const struct sockaddr *sa)
{
	static const struct network loopback[] = {
		{{[10] = 0xff, [11] = 0xff, [12] = 127}, 104},
		{{[15] = 1}, 128},
	};
	uint8_t bytes[16];

	if (!addr_bytes(sa, bytes))
		return sa->sa_family == AF_UNIX;
	return network_has(&loopback[0], bytes) ||
		network_has(&loopback[1], bytes);
}

bool addr_is_any(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == htonl(INADDR_ANY);
	return a->sa.sa_family == AF_INET6 &&
		IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

uint16_t addr_port(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohs(a->in.sin_port);
	return a->sa.sa_family == AF_INET6 ? ntohs(a->in6.sin6_port) : 0;
}
