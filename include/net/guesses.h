/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_GUESSES_H
#define SOCKD_NET_GUESSES_H

#include <stdbool.h>
#include <stdint.h>

struct conn;
struct guesses;

/* How often each address was wrong of late, in what people guess: an IPv4
 * address or an IPv6 /64, but none that `exempt` has, and no unix socket. Three
 * wrong ones at once and three a minute are allowed; more of them, on their way
 * at the same time, are allowed later. One size for ever. Any thread. */

struct guesses *guesses_new(void);    /* NULL: no memory, no random bytes */
void guesses_free(struct guesses *g); /* NULL is fine */
/* The address of c, on its worker; 0: one that is not counted. */
uint64_t guesses_key(const struct conn *c);
/* Whether somebody there may guess now. */
bool guesses_may(struct guesses *g, uint64_t key, uint64_t now_ms);
/* Somebody did, and was wrong. */
void guesses_wrong(struct guesses *g, uint64_t key, uint64_t now_ms);

#endif
