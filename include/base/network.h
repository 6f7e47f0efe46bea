/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_NETWORK_H
#define SOCKD_BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct errmsg;
struct strlist;

/* An IPv4 or IPv6 network: "127.0.0.0/8", "::1", "192.0.2.1". IPv4 is kept as
 * IPv4-mapped IPv6, so that one comparison serves both. */
struct network {
	uint8_t bytes[16];
	uint8_t prefix; /* 0..128 */
};
struct netlist {
	struct network *nets; /* owned */
	size_t n_nets;
};

/* 0, or -EINVAL with the reason (host bits set, prefix out of range, ...). */
int network_parse(const char *text, struct network *ret, struct errmsg *msg);
/* The same as an option_check_fn. */
int network_check(const char *text, struct errmsg *msg);
/* As network_parse() reads it, an address without its prefix. Each network has
 * one such text. Returns buf, which holds NETWORK_LEN. */
#define NETWORK_LEN 52
char *network_format(char *buf, const struct network *net);
bool network_has(const struct network *net, const uint8_t bytes[16]);
/* Whether there is an address that is in both. */
bool network_meets(const struct network *a, const struct network *b);

/* A number for what counts as one address where addresses are counted: an IPv4
 * address, an IPv6 /64. 0 for the bytes of no address. */
uint64_t network_key(const uint8_t bytes[16]);

/* From strings that network_check() accepted. 0 or -ENOMEM. */
int netlist_init(struct netlist *list, const struct strlist *texts);
void netlist_fini(struct netlist *list);

#endif
