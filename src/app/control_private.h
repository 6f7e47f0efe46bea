/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_CONTROL_PRIVATE_H
#define SOCKD_APP_CONTROL_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "app/control.h"
#include "base/errmsg.h"
#include "base/log.h"
#include "ctl/ctl_codec.h"
#include "ctl/ctl_report.h"

/* What the control*.c files share. All on the main thread.
 *
 *	control         the socket, and who came
 *	control_peer    one of them: lines in, answers out
 *	control_access  who it is, and may it change anything
 *	control_verbs   from verb to handler; the others hold handlers
 */

struct bufferevent;
struct control_drain;
struct event;
struct listener;
struct log_watch;
struct server;

/* ---- what a handler sees */

struct control_request {
	struct ctl_request words;
	struct control *control; /* borrowed */
	struct server *server;   /* borrowed */
	uint64_t id;             /* for control_find(); never 0 */
	struct report *report;   /* owned by the peer: to be filled */
	struct errmsg error;     /* or what is wrong */
};

/* Handlers. 0: done, the report says it. -errno: refused, the error says why
 * (and the report, if it holds anything, more of it). CONTROL_PENDING: later;
 * remember the id only, whoever asked may leave. */
#define CONTROL_PENDING 1
typedef int (*control_fn)(struct control_request *req);
#define CONTROL_HANDLER(name, words, arguments, flags, help) \
	int control_##name(struct control_request *req);
CTL_TABLE(CONTROL_HANDLER)
#undef CONTROL_HANDLER

/* The request that was left pending; NULL: whoever asked has left. */
struct control_request *control_find(struct control *c, uint64_t id);
/* Ends a pending request, with what a handler returns. req is gone then. */
void control_done(struct control_request *req, int err);
/* One more line, its end included, of a verb that streams; false: it is left
 * out, since so much waits to be read already. */
bool control_emit(struct control_request *req, const char *line, size_t len);

/* Who asks: the user's name, "the operator" if there is none. */
const char *control_user_name(const struct control_request *req);

/* ---- what handlers share */

struct chat_msg;
struct room_view;

/* control_clients.c: true if it is the number of a connection. */
bool control_read_id(const char *word, uint64_t *ret);
/* control_operator.c: has the operators' verb of that name done with the
 * request's arguments. The answer, a reference; NULL: it was refused, and the
 * request's error says why. */
struct chat_msg *control_operate(struct control_request *req, const char *verb);
/* control_chat.c: a room by name, with or without "#". 0, or -ENOENT and the
 * request's error. room_view_fini() it. */
int control_find_room(
	struct control_request *req, const char *word, struct room_view *ret);

/* ---- who came */

#define CONTROL_PEERS_MAX 16
#define CONTROL_KEPT      4 /* of these, for those who are ours */

struct control_user {
	uid_t uid;
	bool is_ours;    /* root, the daemon's user, a member of the group */
	bool may_change; /* those, and without control.group everybody */
	char *name;      /* owned; NULL: none, or not known */
};

enum control_state {
	CONTROL_NAMING,  /* the user's name is being looked up */
	CONTROL_READING, /* for a line */
	CONTROL_WORKING, /* req is pending */
	CONTROL_SENDING, /* the answer */
	CONTROL_LEAVING, /* all is sent: until it hangs up */
	CONTROL_DEAD,    /* freed when the loop gets to it */
};

struct control_peer {
	TAILQ_ENTRY(control_peer) link;
	struct control *control; /* borrowed */
	uint64_t id;
	struct bufferevent *bev; /* owned, with the descriptor */
	struct event *timer;     /* owned */
	enum control_state state;
	bool is_eof;       /* it sends nothing more */
	bool is_last;      /* nothing more is read from it */
	uint64_t since_ms; /* start of the request */
	struct control_request req;
	struct control_user user;
};
TAILQ_HEAD(control_peers, control_peer);

TAILQ_HEAD(control_drains, control_drain);

struct control {
	struct server *server;     /* borrowed */
	struct listener *listener; /* owned */
	struct event *acceptable;  /* owned */
	struct event *resume;      /* owned: accepting had to pause */
	struct event *reaper;      /* owned: active while a peer is dead */
	struct control_peers peers;
	unsigned n_peers;
	uint64_t last_id;
	gid_t group; /* whose members may change things */
	bool has_group;
	char *group_name;             /* owned */
	struct log_watch *watch;      /* owned; NULL: nobody watched yet */
	struct control_drains drains; /* owned: those under way */
};

/* control_peer.c: takes fd. 0 or -ENOMEM. */
int control_peer_open(struct control *c, int fd);
void control_peer_free(struct control_peer *peer);
/* The name is known, or will not be. */
void control_peer_named(struct control_peer *peer);
/* Ends what is pending and sends what can be sent at once: the loop ended. */
void control_peer_stop(struct control_peer *peer);

/* control_access.c: fills user by the kernel's word, but for its name. */
void control_access_init(
	const struct control *c, int fd, struct control_user *user);
/* Has control_peer_named() called. 0, or -errno: it will not be. */
int control_access_find_name(struct control_peer *peer);
/* Whether the peer may do what it asks for; logs it if it changes something.
 * 0, or -EPERM with the request's error. */
int control_access_check(struct control_peer *peer);

/* control_verbs.c */
control_fn control_handler(const struct ctl_verb *verb);

/* control_watch.c, control_drain.c: at the end. NULL is fine. */
void control_watch_free(struct log_watch *watch);
void control_drain_free(struct control_drain *drain);

/* control_status.c: the request's error says that no service is called so, and
 * which one may be meant. -ENOENT. */
int control_no_service(struct control_request *req, const char *name);

/* control_run.c: of an argument. 0, or -EINVAL with the request's error. */
int control_parse_level(
	struct control_request *req, const char *name, enum log_level *ret);

#endif
