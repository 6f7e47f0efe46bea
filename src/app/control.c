/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control socket: opened once at the start, since a reload must not be able
 * to lock its own asker out, and served on the main thread, which has nothing
 * else to do. So many peers at most; one more is told so and closed.
 * Main thread. */
#include "app/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "app/config.h"
#include "app/plan.h"
#include "app/server_private.h"
#include "base/group.h"
#include "base/log.h"
#include "net/addr.h"
#include "net/listener.h"

#include "control_private.h"

#define BACKLOG  16
#define PAUSE_MS 100

/* Who comes. */

static struct log_limit accept_limit = {.burst = 1};

static void turn_away(int fd)
{
	static const char text[] = "error: too many others are connected to "
				   "the control socket; try again\n";

	(void)send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void pause_accepting(struct control *c, int err)
{
	struct timeval tv = {.tv_usec = PAUSE_MS * 1000};
	char more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;

	if (log_limit_pass(&accept_limit, &left_out))
		log_error("cannot accept on the control socket: %s%s",
			strerror(err), log_left_out(more, left_out));
	/* Who cannot be woken must not sleep. */
	if (event_add(c->resume, &tv) == 0)
		(void)event_del(c->acceptable);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;

	if (event_add(c->acceptable, NULL))
		pause_accepting(c, ENOMEM);
}

/* Whoever else is let in cannot keep out those who answer for the daemon. */
static bool has_place(const struct control *c, int fd)
{
	struct control_user user = {0};

	control_access_init(c, fd, &user);
	return c->n_peers <
		CONTROL_PEERS_MAX - (user.is_ours ? 0 : CONTROL_KEPT);
}

/* One a turn; others are found in the next. */
static void on_acceptable(evutil_socket_t listen_fd, short what, void *arg)
{
	struct control *c = arg;
	int fd = accept4(
		(int)listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			pause_accepting(c, errno);
	} else if (!has_place(c, fd)) {
		turn_away(fd);
	} else {
		(void)control_peer_open(c, fd);
	}
}

static void on_dead(evutil_socket_t fd, short what, void *arg)
{
	struct control *c = arg;
	struct control_peer *peer, *next;

	for (peer = TAILQ_FIRST(&c->peers); peer; peer = next) {
		next = TAILQ_NEXT(peer, link);
		if (peer->state == CONTROL_DEAD)
			control_peer_free(peer);
	}
}

struct control_request *control_find(struct control *c, uint64_t id)
{
	struct control_peer *peer;

	TAILQ_FOREACH (peer, &c->peers, link)
		if (peer->state == CONTROL_WORKING && peer->req.id == id)
			return &peer->req;
	return NULL;
}

/* Its life. */

static int open_socket(
	struct control *c, const struct plan *plan, struct errmsg *msg)
{
	const struct config *cfg = config_ref_get(plan->cfg);
	const struct listener_settings settings = {
		.backlog = BACKLOG,
		.mode = (mode_t)strtoul(cfg->control_mode, NULL, 8),
		.gid = c->has_group ? c->group : (gid_t)-1,
	};
	struct listener_name name = {
		.service = "control", .written = cfg->control_path};
	struct listen_spec spec;
	struct addrlist addrs = {NULL, 0};
	int err = listen_parse(cfg->control_path, &spec, msg);

	if (!err)
		err = listen_resolve(
			&spec, plan->runtime_dir, false, &addrs, msg);
	if (!err) {
		name.addr = addrs.items[0];
		err = listener_open(&c->listener, &name, &settings, msg);
	}
	free(addrs.items);
	if (err)
		errmsg_prefix(msg, "control.path");
	if (err == -EADDRINUSE)
		errmsg_set(msg, EADDRINUSE,
			"control.path: another sockd has the control socket "
			"\"%s\"; give each its own control.path or "
			"runtime_dir, or \"\" for none",
			cfg->control_path);
	return err;
}

static int find_group(
	struct control *c, const struct config *cfg, struct errmsg *msg)
{
	c->group_name = strdup(cfg->control_group);
	if (!c->group_name)
		return errmsg_set(msg, ENOMEM, "out of memory");
	c->has_group = cfg->control_group[0] != '\0';
	if (c->has_group && group_find(cfg->control_group, &c->group))
		return errmsg_set(msg, EINVAL,
			"control.group: there is no group \"%s\"",
			cfg->control_group);
	return 0;
}

static int watch_socket(struct control *c)
{
	struct event_base *base = c->server->base;

	c->acceptable = event_new(base, listener_fd(c->listener),
		EV_READ | EV_PERSIST, on_acceptable, c);
	c->resume = evtimer_new(base, on_resume, c);
	c->reaper = event_new(base, -1, 0, on_dead, c);
	return !c->acceptable || !c->resume || !c->reaper ||
			event_add(c->acceptable, NULL)
		? -ENOMEM
		: 0;
}

int control_new(struct control **ret, struct server *server,
	const struct plan *plan, struct errmsg *msg)
{
	const struct config *cfg = config_ref_get(plan->cfg);
	struct control *c;
	int err;

	*ret = NULL;
	if (!cfg->control_path[0])
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return errmsg_set(msg, ENOMEM, "out of memory");
	c->server = server;
	TAILQ_INIT(&c->peers);
	TAILQ_INIT(&c->drains);
	err = find_group(c, cfg, msg);
	if (!err)
		err = open_socket(c, plan, msg);
	if (!err && watch_socket(c))
		err = errmsg_set(msg, ENOMEM, "out of memory");
	if (err)
		control_free(c);
	else
		*ret = c;
	return err;
}

void control_free(struct control *c)
{
	struct control_peer *peer;

	if (!c)
		return;
	control_watch_free(c->watch);
	while (!TAILQ_EMPTY(&c->drains))
		control_drain_free(TAILQ_FIRST(&c->drains));
	while ((peer = TAILQ_FIRST(&c->peers))) {
		control_peer_stop(peer);
		control_peer_free(peer);
	}
	if (c->acceptable)
		event_free(c->acceptable);
	if (c->resume)
		event_free(c->resume);
	if (c->reaper)
		event_free(c->reaper);
	listener_unref(c->listener);
	free(c->group_name);
	free(c);
}
