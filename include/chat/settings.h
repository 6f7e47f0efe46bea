/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_SETTINGS_H
#define SOCKD_CHAT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/group.h"
#include "base/str.h"
#include "base/units.h"

struct accounts;

/* The configuration's `chat` group and the limits that speak of rooms. Plain
 * values; what is owned is freed by the configuration that holds them. */

struct flood_settings {
	int64_t burst, queue;
	struct rate_spec rate;
	uint64_t patience_ms;
	struct strlist exempt; /* networks */
};

struct room_settings { /* a room that always exists */
	char *name;    /* without "#" */
	char *topic;
	int64_t replay; /* lines shown on joining */
	struct flood_settings flood;
	bool has_flood; /* that differs from the server's */
	bool locked;
};

struct chat_settings {
	char *name;             /* of the server, in the welcome */
	char *room;             /* the default room, without "#" */
	char *motd;             /* "": none */
	uint64_t text;          /* bytes of one message */
	int64_t topic;          /* characters of a topic */
	int64_t history;        /* lines kept per room */
	uint64_t history_bytes; /* bytes kept per room */
	uint64_t history_total; /* bytes kept in all rooms */
	uint64_t room_keep_ms;  /* an empty room is forgotten after */
	int64_t replay;
	/* Joins and leaves of larger rooms are not shown; 0: of none. */
	int64_t quiet_above;
	uint64_t resume_ms;
	struct flood_settings flood;
	struct room_settings *rooms; /* owned array */
	size_t n_rooms;
	int64_t max_rooms;            /* limits.rooms */
	int64_t rooms_per_member;     /* limits.rooms_per_member */
	int64_t max_bans;             /* limits.bans */
	const struct strlist *exempt; /* networks never banned; borrowed; NULL:
	                                 none */
	char *accounts;               /* the file's path; "": there are none */
	struct accounts *people;      /* owned; what it says; NULL: no file */
	struct strlist operators;
	struct gid_list operator_groups; /* the "@group" among them */
	struct strlist reserved; /* nicks of services: nobody may take them */
};

#endif
