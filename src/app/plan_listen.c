/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The listeners of a plan, in two steps: first everything is looked up, which
 * may take as long as a name server pleases and touches nothing; then sockets
 * are opened, or shared with the plan before, which waits for nobody but us. */
#include "plan_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/config.h"
#include "app/config_errors.h"
#include "base/errmsg.h"
#include "base/group.h"
#include "base/log.h"
#include "net/listener.h"
#include "net/service.h"

#define LET_GO_MS    10
#define LET_GO_TRIES 50

/* Looking up. */

static int listener_settings_of(const struct service_config *sc,
	const struct config *cfg, struct listener_settings *ret,
	struct errmsg *msg)
{
	*ret = (struct listener_settings){
		.backlog = (int)sc->backlog,
		.send_buffer = sc->send_buffer,
		.keepalive_ms = cfg->keepalive_ms,
		.mode = (mode_t)strtoul(sc->mode, NULL, 8),
		.gid = (gid_t)-1,
	};
	if (!sc->group[0] || group_find(sc->group, &ret->gid) == 0)
		return 0;
	return errmsg_set(msg, EINVAL,
		"services.%s.group: there is no group \"%s\"", sc->name,
		sc->group);
}

static int look_up_entry(
	const struct plan *plan, struct plan_wish *wish, struct errmsg *msg)
{
	struct listen_spec spec;
	int err = listen_parse(wish->written, &spec, msg);

	if (err)
		return err;
	wish->is_numeric = spec.numeric;
	return listen_resolve(
		&spec, plan->runtime_dir, wish->is_datagram, &wish->addrs, msg);
}

static int look_up_service(struct plan *plan, size_t i, struct errmsg *msg)
{
	const struct config *cfg = config_ref_get(plan->cfg);
	const struct service_config *sc = &cfg->services[i];
	struct plan_wish wish = {
		.service = i,
		.is_datagram = sc->transport == TRANSPORT_UDP,
	};
	int err = listener_settings_of(sc, cfg, &wish.settings, msg);

	for (size_t k = 0; k < sc->listen.n_items && !err; k++) {
		wish.written = sc->listen.items[k];
		err = look_up_entry(plan, &wish, msg);
		if (err)
			errmsg_prefix(msg, "services.%s.listen", sc->name);
		else
			plan->wishes[plan->n_wishes++] = wish;
	}
	return err;
}

int plan_look_up(struct plan *plan, struct config_errors *errors)
{
	const struct config *cfg = config_ref_get(plan->cfg);
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < cfg->n_services; i++)
		n += cfg->services[i].listen.n_items;
	plan->wishes = calloc(n ? n : 1, sizeof(*plan->wishes));
	if (!plan->wishes) {
		config_errors_oom(errors);
		return -ENOMEM;
	}
	for (size_t i = 0; i < cfg->n_services && !err; i++) {
		struct errmsg msg = {"out of memory"};

		err = look_up_service(plan, i, &msg);
		if (err)
			plan_say(plan, &cfg->services[i], &msg, errors);
	}
	return err;
}

/* Opening. */

static bool is_in(const struct plan *plan, const struct listener *l)
{
	for (size_t i = 0; i < plan->n_listeners; i++)
		if (plan->listeners[i].listener == l)
			return true;
	return false;
}

static struct listener *find_kept(const struct plan *plan,
	const struct plan *old, const struct listener_name *name)
{
	for (size_t i = 0; old && i < old->n_listeners; i++) {
		struct listener *l = old->listeners[i].listener;

		if (listener_is(l, name) && listener_is_intact(l) &&
			!is_in(plan, l))
			return l;
	}
	return NULL;
}

static int add_listener(struct plan *plan, const struct plan_listener *pl)
{
	struct plan_listener *list = reallocarray(
		plan->listeners, plan->n_listeners + 1, sizeof(*list));

	if (!list) {
		listener_unref(pl->listener);
		return -ENOMEM;
	}
	plan->listeners = list;
	list[plan->n_listeners++] = *pl;
	return 0;
}

/* What is being opened. */
struct opening {
	struct plan *plan;
	const struct plan *old;
	const struct plan_wish *wish;
	struct service *svc;
};

static in_port_t port_of(const struct addr *a)
{
	return a->sa.sa_family == AF_UNIX ? 0 : a->in.sin_port;
}

/* The listener of the old plan that is in the way, or NULL. All addresses of a
 * port and one of them cannot be listened on at once, and the old one stays
 * until the new ones stand. */
static const struct listener *find_in_the_way(
	const struct opening *o, const struct addr *addr)
{
	for (size_t i = 0; o->old && i < o->old->n_listeners; i++) {
		const struct listener *l = o->old->listeners[i].listener;

		if (port_of(addr) != 0 &&
			port_of(listener_addr(l)) == port_of(addr) &&
			listener_is_datagram(l) == o->wish->is_datagram)
			return l;
	}
	return NULL;
}

static bool has_drained(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_services; i++)
		if (plan->drained[i])
			return true;
	return false;
}

/* What a drain has closed the workers let go of a moment later; then nobody
 * waits for us but whoever asked for the reload. */
static int open_in_time(const struct opening *o,
	const struct listener_name *name, struct listener **ret,
	struct errmsg *msg)
{
	const struct timespec pause = {.tv_nsec = LET_GO_MS * 1000000L};
	int tries = o->old && has_drained(o->old) ? LET_GO_TRIES : 1;
	int err = -EADDRINUSE;

	while (err == -EADDRINUSE && tries-- > 0) {
		err = listener_open(ret, name, &o->wish->settings, msg);
		if (err == -EADDRINUSE && tries > 0)
			(void)nanosleep(&pause, NULL);
	}
	return err;
}

static int open_new(const struct opening *o, const struct listener_name *name,
	struct listener **ret, struct errmsg *msg)
{
	int err = open_in_time(o, name, ret, msg);
	const struct listener *old;
	char ours[ADDR_LEN], wanted[ADDR_LEN];

	if (err)
		errmsg_prefix(msg, "services.%s", name->service);
	old = err == -EADDRINUSE ? find_in_the_way(o, &name->addr) : NULL;
	if (old)
		errmsg_set(msg, EADDRINUSE,
			"services.%s: cannot listen on %s: this sockd listens "
			"on %s; to change from one to the other takes a "
			"restart",
			name->service,
			addr_format(wanted, &name->addr.sa, name->addr.len),
			listener_text(old, ours));
	return err;
}

static int open_one(
	const struct opening *o, const struct addr *addr, struct errmsg *msg)
{
	const struct listener_name name = {
		.service = o->svc->name,
		.written = o->wish->written,
		.addr = *addr,
		.datagram = o->wish->is_datagram,
	};
	struct listener *kept = find_kept(o->plan, o->old, &name);
	struct plan_listener pl = {
		.service = o->svc,
		.is_new = !kept,
		.settings = o->wish->settings,
	};
	int err = 0;

	if (kept)
		pl.listener = listener_ref(kept);
	else
		err = open_new(o, &name, &pl.listener, msg);
	return err ? err : add_listener(o->plan, &pl);
}

static bool is_lacking(int err)
{
	return err == -EADDRNOTAVAIL || err == -EAFNOSUPPORT;
}

/* All addresses of the entry: of a name some may be missing here, but not
 * all. */
static int open_entry(const struct opening *o, struct errmsg *msg)
{
	const struct addrlist *addrs = &o->wish->addrs;
	size_t n_open = 0;
	int err = 0;

	for (size_t i = 0; i < addrs->n_items; i++) {
		err = open_one(o, &addrs->items[i], msg);
		if (!err)
			n_open++;
		else if (o->wish->is_numeric || !is_lacking(err))
			break;
		else if (i + 1 < addrs->n_items || n_open)
			log_warning("%s; skipped", msg->text);
	}
	return n_open && (!err || is_lacking(err)) ? 0 : err;
}

static bool is_bare(const char *listen)
{
	return listen[0] && !strpbrk(listen, ":/");
}

static bool needs_runtime_dir(const struct plan *plan)
{
	if (is_bare(config_ref_get(plan->cfg)->control_path))
		return true;
	for (size_t i = 0; i < plan->n_wishes; i++)
		if (is_bare(plan->wishes[i].written))
			return true;
	return false;
}

/* Nobody but us and root may decide what lies in it. */
static int check_runtime_dir(const char *dir, struct errmsg *msg)
{
	struct stat st;

	if (lstat(dir, &st))
		return errmsg_set(msg, errno, "runtime_dir: %s: %s", dir,
			strerror(errno));
	if (S_ISDIR(st.st_mode) && !(st.st_mode & S_IWOTH) &&
		(st.st_uid == geteuid() || st.st_uid == 0))
		return 0;
	return errmsg_set(msg, EPERM,
		"runtime_dir: %s must be a directory of the user that sockd "
		"runs as, which others cannot write",
		dir);
}

static int make_runtime_dir(const struct plan *plan, struct errmsg *msg)
{
	const char *dir = plan->runtime_dir;

	if (!needs_runtime_dir(plan))
		return 0;
	if (mkdir(dir, 0755) && errno != EEXIST)
		return errmsg_set(msg, errno, "runtime_dir: cannot make %s: %s",
			dir, strerror(errno));
	return check_runtime_dir(dir, msg);
}

int plan_listen(
	struct plan *plan, const struct plan *old, struct config_errors *errors)
{
	const struct config *cfg = config_ref_get(plan->cfg);
	struct errmsg msg = {"out of memory"};
	struct opening o = {.plan = plan, .old = old};
	int err = make_runtime_dir(plan, &msg);

	if (err) {
		config_errors_add(errors, NULL, 0, "%s", msg.text);
		return err;
	}
	for (size_t i = 0; i < plan->n_wishes && !err; i++) {
		o.wish = &plan->wishes[i];
		o.svc = plan->services[o.wish->service];
		err = open_entry(&o, &msg);
		if (err)
			plan_say(plan, &cfg->services[o.wish->service], &msg,
				errors);
	}
	return err;
}
