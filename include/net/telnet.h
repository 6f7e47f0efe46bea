/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_NET_TELNET_H
#define SOCKD_NET_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Telnet as seen by a server that wants nothing of it: takes the commands out
 * of what a client sends and says what must be answered. Pure, and the same
 * comes out however the bytes were cut. Zero-initialised is the beginning. */

#define TELNET_IAC 0xFF /* a command follows; no valid UTF-8 has this byte */

struct telnet {
	uint8_t state;          /* enum state, see telnet.c */
	uint8_t verb;           /* OPTION: what is said about it */
	bool after_cr;          /* a LF or NUL now belongs to the CR */
	uint16_t n_skipped;     /* bytes of a subnegotiation */
	uint8_t refused[2][32]; /* what it WILL, what we should DO: options */
};

/* What is to be sent back, in whole answers of three bytes. Whoever sends it
 * sets len to 0. */
#define TELNET_REPLY_MAX 6
struct telnet_reply {
	uint8_t len;
	uint8_t bytes[TELNET_REPLY_MAX];
};

enum telnet_event {
	TELNET_MORE, /* nothing else in these bytes */
	TELNET_LINE, /* a line ended: its LF is the last of the text */
	TELNET_END,  /* a Ctrl-D, then the last of the text, or IAC EOF */
	TELNET_AYT,  /* "are you there?": show that we are */
	TELNET_FULL, /* the reply has no room: send it first */
};

/* Reads bytes up to the next event; *ret_used of them are done with, which is
 * none only if there are none or the reply was full before. Appends the text
 * of lines, each ended by LF and by no other end, and answers to reply. */
enum telnet_event telnet_read(struct telnet *t, const struct slice *data,
	struct strbuf *text, struct telnet_reply *reply, size_t *ret_used);

/* True if telnet_edit() would change the line. */
bool telnet_has_edits(const char *line, size_t len);
/* Does what the keys in a line without its end were meant to do: Backspace and
 * Delete erase a UTF-8 character, Ctrl-W a word, Ctrl-U and Ctrl-C the line
 * so far. In place; returns the new length. */
size_t telnet_edit(char *line, size_t len);

#endif
