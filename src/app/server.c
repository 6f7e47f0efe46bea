/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of the daemon, on the main thread: start, signals, stop.
 *
 * A start opens everything before it serves anything: listeners, threads, then
 * READY. A stop tells every connection at once and waits until all have gone
 * or the time for that is up; a second signal does not wait. */
#include "app/server.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include <event2/event.h>

#include "app/ban_keeper.h"
#include "app/config.h"
#include "app/control.h"
#include "app/control_news.h"
#include "app/keeper.h"
#include "app/monitor.h"
#include "app/notify.h"
#include "app/plan.h"
#include "app/reload.h"
#include "app/server_private.h"
#include "base/clock.h"
#include "base/errmsg.h"
#include "base/log.h"
#include "base/state_dir.h"
#include "net/acceptor.h"
#include "net/mailbox.h"
#include "net/receiver.h"
#include "proto/chat_port.h"
#include "sockd_build.h"

#define WORKERS_AUTO_MAX 4
#define SPARE_FDS        (PLAN_REFUSALS + CONTROL_FDS + 4)
#define FDS_GUESS        64 /* that are open at the start */
#define STOP_EXTRA_MS    1000
#define STATE_MS         5000 /* for the last writing, if drain is shorter */

/* Descriptors. */

/* False: nobody knows. */
static bool count_open_fds(rlim_t *ret)
{
	DIR *dir = opendir("/proc/self/fd");

	*ret = 0;
	if (!dir)
		return false;
	while (readdir(dir))
		++*ret;
	closedir(dir);
	return true;
}

/* The most that wanted may be; by a guess at the start, and later, when it may
 * be far off, what it was before. */
static rlim_t free_fds(const struct server *s, rlim_t limit)
{
	rlim_t in_use = atomic_load(&s->crew.n_conns);
	rlim_t used;

	if (!count_open_fds(&used)) {
		if (s->max_connections)
			return s->max_connections;
		used = FDS_GUESS;
	}
	used += SPARE_FDS;
	used = used > in_use ? used - in_use : 0;
	return limit > used ? limit - used : 0;
}

/* What is open already serves us, not connections; those of connections count
 * as free. */
uint32_t server_max_connections(const struct server *s, int64_t wanted)
{
	struct rlimit lim;
	rlim_t most;

	if (getrlimit(RLIMIT_NOFILE, &lim) || lim.rlim_cur == RLIM_INFINITY)
		return (uint32_t)wanted;
	most = free_fds(s, lim.rlim_cur);
	if (most >= (rlim_t)wanted)
		return (uint32_t)wanted;
	wanted = (int64_t)most;
	log_warning("limits.connections is lowered: the descriptor limit "
		    "allows no more descriptors=%llu connections=%lld",
		(unsigned long long)lim.rlim_cur, (long long)wanted);
	return (uint32_t)wanted;
}

static void raise_fd_limit(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim) == 0) {
		lim.rlim_cur = lim.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &lim);
	}
}

/* Who takes in. */

int server_prepare(struct server *s, const struct plan *plan,
	uint32_t max_connections, struct server_change *ret)
{
	struct accept_set *accept = NULL;
	struct receive_set *receive = NULL;

	*ret = (struct server_change){NULL};
	if (plan) {
		accept = plan_accept_set(plan, max_connections);
		receive = plan_receive_set(plan);
		if (!accept || !receive) {
			accept_set_free(accept);
			receive_set_free(receive);
			return -ENOMEM;
		}
	}
	ret->accept = acceptor_prepare(s->acceptor, accept);
	ret->receive = receiver_prepare(s->receiver, receive);
	if (ret->accept && ret->receive)
		return 0;
	server_change_fini(ret);
	return -ENOMEM;
}

void server_commit(struct server_change *change)
{
	acceptor_commit(change->accept);
	receiver_commit(change->receive);
}

void server_change_fini(struct server_change *change)
{
	accept_change_free(change->accept);
	receive_change_free(change->receive);
	*change = (struct server_change){NULL};
}

/* Signals. */

void server_stop(struct server *s)
{
	const struct config *cfg = config_ref_get(s->plan->cfg);
	struct server_change change;
	uint64_t ms = cfg->drain_ms + cfg->timeouts.linger_ms + STOP_EXTRA_MS;
	struct timeval tv = clock_timeval(ms);

	log_notice("stopping connections=%u", atomic_load(&s->crew.n_conns));
	notify_stopping("stopping");
	chat_port_stop(s->ctx.chat);
	atomic_store(&s->stopping, true);
	reload_stop(s);
	keeper_stop(s->keeper);
	monitor_set_state(s->monitor, MONITOR_STOPPING);
	plan_close_listeners(s->plan);
	if (server_prepare(s, NULL, 0, &change) == 0)
		server_commit(&change);
	crew_close_all(&s->crew, CLOSE_STOPPING);
	if (atomic_load(&s->crew.n_conns) == 0 || event_add(s->deadline, &tv))
		event_base_loopbreak(s->base);
}

static void on_stop_signal(struct server *s)
{
	if (!atomic_load(&s->stopping)) {
		server_stop(s);
		return;
	}
	log_notice("stopping at once: asked twice");
	event_base_loopbreak(s->base);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct server *s = arg;

	log_warning("stopping although some did not leave in time "
		    "connections=%u",
		atomic_load(&s->crew.n_conns));
	event_base_loopbreak(s->base);
}

static void on_hup(struct server *s)
{
	(void)reload_ask(s, NULL, NULL); /* a stop goes before it */
}

static void on_usr2(struct server *s)
{
	log_notice("signal USR2 is reserved and does nothing");
}

static const struct signal_row {
	int sig;
	void (*fn)(struct server *s);
} signal_rows[] = {
	{SIGTERM, on_stop_signal},
	{SIGINT, on_stop_signal},
	{SIGHUP, on_hup},
	{SIGUSR1, status_log},
	{SIGUSR2, on_usr2},
};
#define N_SIGNALS (sizeof(signal_rows) / sizeof(*signal_rows))

/* Signals never interrupt: all threads block them for good, and those that
 * came are read like any other input. */
static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < N_SIGNALS; i++)
		sigaddset(set, signal_rows[i].sig);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

static void on_signals(evutil_socket_t fd, short what, void *arg)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		for (size_t i = 0; i < N_SIGNALS; i++)
			if (signal_rows[i].sig == (int)info.ssi_signo)
				signal_rows[i].fn(arg);
}

static int watch_signals(struct server *s, const sigset_t *set)
{
	s->signal_fd = signalfd(-1, set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (s->signal_fd < 0)
		return -errno;
	s->signals = event_new(
		s->base, s->signal_fd, EV_READ | EV_PERSIST, on_signals, s);
	if (!s->signals || event_add(s->signals, NULL))
		return -ENOMEM;
	s->deadline = evtimer_new(s->base, on_deadline, s);
	return s->deadline ? 0 : -ENOMEM;
}

/* What libevent has to say, which else would go to stderr and might block. */

static struct log_limit libevent_limit = {.burst = 5};

static void on_libevent_log(int severity, const char *text)
{
	static const enum log_level levels[] = {LOG_LEVEL_DEBUG,
		LOG_LEVEL_DEBUG, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR};
	char more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;

	if (log_limit_pass(&libevent_limit, &left_out))
		log_write(levels[severity & 3], "libevent: %s%s", text,
			log_left_out(more, left_out));
}

/* It ends the process if it lacks a descriptor for a loop at the start. */
static void on_libevent_fatal(int err)
{
	log_error("cannot go on: libevent failed error=%d", err);
	log_stop();
	_exit(EX_OSERR);
}

/* Start. */

static unsigned n_workers(const struct config *cfg)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	if (cfg->workers > 0)
		return (unsigned)cfg->workers;
	return n < 1                   ? 1
		: n > WORKERS_AUTO_MAX ? WORKERS_AUTO_MAX
				       : (unsigned)n;
}

static int make_monitor(struct server *s)
{
	const struct monitor_sources from = {
		.crew = &s->crew,
		.acceptor = s->acceptor,
		.receiver = s->receiver,
		.chat = s->ctx.chat,
	};
	int err = monitor_new(&s->monitor, &from);

	if (!err)
		s->ctx.monitor = monitor_face(s->monitor);
	return err;
}

static int make_parts(struct server *s, struct config_ref *ref)
{
	const struct config *cfg = config_ref_get(ref);
	sigset_t set;
	int err;

	block_signals(&set); /* before there are threads */
	s->base = event_base_new();
	if (!s->base)
		return -ENOMEM;
	err = mailbox_new(&s->mailbox, s->base, s);
	if (!err)
		err = reload_new(s, ref);
	if (!err)
		err = crew_init(&s->crew, n_workers(cfg));
	if (!err)
		err = acceptor_new(&s->acceptor, &s->crew);
	if (!err)
		err = receiver_new(&s->receiver, &s->crew);
	if (!err)
		err = chat_port_new(&s->ctx.chat, &s->crew, &cfg->chat);
	if (!err)
		err = make_monitor(s);
	if (!err)
		err = watch_signals(s, &set);
	if (!err)
		err = status_start(s);
	if (!err)
		err = trim_start(s);
	s->crew.changed = status_on_changed;
	s->crew.changed_arg = s;
	atomic_store(&s->crew.output_total, cfg->limits.output_total);
	return err;
}

static int begin_serving(struct server *s, const struct config *cfg)
{
	struct server_change change;
	int err;

	s->max_connections = server_max_connections(s, cfg->limits.connections);
	if (s->max_connections == 0)
		return -EMFILE;
	err = server_prepare(s, s->plan, s->max_connections, &change);
	if (err)
		return err;
	err = monitor_set_plan(s->monitor, s->plan, s->max_connections);
	if (!err)
		err = crew_start(&s->crew);
	if (err)
		server_change_fini(&change);
	else
		server_commit(&change);
	return err;
}

static int exit_code(int err)
{
	return err == -EACCES || err == -EPERM ? EX_NOPERM : EX_OSERR;
}

/* Takes ref. 0, or -errno, said already. */
static int make_plan(struct server *s, struct config_ref *ref)
{
	struct config_errors errors = {NULL};
	int err = plan_new(&s->plan, ref, NULL, &errors);

	if (!err)
		err = plan_open(s->plan, NULL, &s->ctx, &errors);
	reload_log_findings(&errors);
	config_errors_fini(&errors);
	return err;
}

/* 0, or -errno, said already. */
static int open_control(struct server *s)
{
	struct errmsg msg;
	int err = control_new(&s->control, s, s->plan, &msg);

	if (err)
		log_error("%s", msg.text);
	return err;
}

/* What is kept over a restart; without a place for it we serve all the same.
 * The keeper makes the hub that the bans are put into. 0 or -ENOMEM. */
static int open_state(struct server *s, const struct config *cfg)
{
	struct errmsg msg = {""};
	int err;
	struct keeper_world world = {
		.base = s->base,
		.mailbox = s->mailbox,
		.chat = s->ctx.chat,
		.monitor = s->monitor,
		.why_not = msg.text,
		.every_ms = KEEPER_EVERY_MS,
	};

	if (state_dir_open(&s->state_dir, cfg->state_dir, &msg) == 0)
		world.dir = s->state_dir;
	err = keeper_new(&s->keeper, &world);
	return err ? err : ban_keeper_new(&s->bans, s, s->state_dir);
}

/* Takes cfg. 0 or an exit code, said already. */
static int start(struct server *s, struct config *cfg)
{
	struct config_ref *ref = config_ref_new(cfg);
	char buf[STATUS_LEN];
	int err = ref ? make_parts(s, ref) : -ENOMEM;

	if (err) {
		log_error("cannot start: %s", strerror(-err));
		config_ref_unref(ref);
		return EX_OSERR;
	}
	err = make_plan(s, ref);
	if (!err)
		err = open_control(s);
	if (err)
		return exit_code(err);
	err = open_state(s, cfg);
	if (!err)
		err = begin_serving(s, cfg);
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		return EX_OSERR;
	}
	plan_log_listeners(s->plan);
	log_notice("sockd %s serves services=%zu workers=%u pid=%d",
		SOCKD_VERSION, s->plan->n_services, s->crew.n_workers,
		(int)getpid());
	s->started_ms = s->status_ms = clock_mono_ms();
	s->configured_ms = clock_wall_ms();
	monitor_set_state(s->monitor, MONITOR_READY);
	notify_ready(status_text(s, buf, sizeof(buf)));
	return 0;
}

/* Everybody has left, or was made to. */
static void finish_state(struct server *s)
{
	uint64_t ms = STATE_MS, drain_ms;

	if (atomic_load(&s->stopping)) {
		drain_ms = config_ref_get(s->plan->cfg)->drain_ms;
		keeper_finish(s->keeper, drain_ms > ms ? drain_ms : ms);
	}
	keeper_free(s->keeper);
}

static void server_fini(struct server *s)
{
	reload_free(s->reload);
	control_free(s->control);
	crew_stop(&s->crew);
	s->crew.changed = NULL;
	ban_keeper_stop(s->bans);
	acceptor_free(s->acceptor);
	receiver_free(s->receiver);
	if (s->ctx.chat)
		chat_port_stop(s->ctx.chat);
	crew_drop_all(&s->crew);
	finish_state(s);
	chat_port_free(s->ctx.chat);
	crew_fini(&s->crew);
	monitor_free(s->monitor);
	plan_free(s->plan);
	status_stop(s);
	trim_stop(s);
	if (s->signals)
		event_free(s->signals);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	if (s->deadline)
		event_free(s->deadline);
	mailbox_free(s->mailbox);
	ban_keeper_free(s->bans);
	state_dir_close(s->state_dir);
	control_news_free(s->news);
	if (s->base)
		event_base_free(s->base);
	free(s->remark);
}

int server_run(const struct config_source *src, struct config *cfg)
{
	struct server s = {.src = src, .signal_fd = -1};
	int code;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a write that fails says so */
	event_set_log_callback(on_libevent_log);
	event_set_fatal_callback(on_libevent_fatal);
	raise_fd_limit();
	log_set_level(log_level_of(cfg->log_level));
	code = start(&s, cfg);
	if (!code) {
		event_base_dispatch(s.base);
		log_notice("stopped");
	}
	server_fini(&s);
	return code;
}
