/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_NAME_H
#define SOCKD_CHAT_NAME_H

#include <stdbool.h>
#include <stdint.h>

/* The rules for names of people and rooms. ASCII only, so that two names that
 * look the same are the same; pure. */
#define NICK_MAX      24
#define ROOM_NAME_MAX 32

/* Letters, digits and -_[]{}|^, 1 to NICK_MAX, no digit or dash in front. */
bool nick_is_valid(const char *nick);
/* guest-*: only the server gives these. */
bool nick_is_guest(const char *nick);
/* The key under which a nick is unique: case folded, and characters that look
 * alike made one. Nicks that are equal but for case have equal keys. */
void nick_make_key(char key[NICK_MAX + 1], const char *nick);
/* A name of the form guest-k3f9, of letters that nobody confuses, chosen by
 * `number`. */
void nick_make_guest(char nick[NICK_MAX + 1], uint64_t number);

/* Letters, digits and -_. after an optional "#", 1 to ROOM_NAME_MAX. Copies
 * the name without "#". False if text is none (name is untouched). */
bool room_name_parse(char name[ROOM_NAME_MAX + 1], const char *text);
/* The key under which a room is unique: case folded. */
void room_name_make_key(char key[ROOM_NAME_MAX + 1], const char *name);

/* ASCII case folded, independent of any locale. */
int name_compare(const char *a, const char *b); /* as strcmp() */
bool name_equal(const char *a, const char *b);
/* True if the name stands in the text as a word of its own, case folded. */
bool name_is_in(const char *text, const char *name);

#endif
