/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who asks, by the kernel's word, and may they. The socket's permissions decide
 * who may connect at all; root, the daemon's own user and the members of
 * control.group may change things. Without such a group everybody may who could
 * connect, but a crowd of others still leaves root, that user and the members
 * of the daemon's own group their places. What is changed is logged with the
 * user's name, which is looked up in the workers' helper thread, since name
 * servers take any time. Main thread. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/server_private.h"
#include "base/group.h"
#include "base/log.h"
#include "base/str.h"
#include "net/credentials.h"

#include "control_private.h"

#define SHOWN_MAX 512 /* bytes of arguments in the log */

static bool has_group(int fd, gid_t wanted)
{
	const struct gid_list one = {&wanted, 1};
	struct gid_list groups = {NULL};
	bool found = credentials_groups(fd, &groups) == 0 &&
		gid_list_meets(&groups, &one);

	gid_list_fini(&groups);
	return found;
}

void control_access_init(
	const struct control *c, int fd, struct control_user *user)
{
	gid_t group = c->has_group ? c->group : getegid();
	struct ucred cred;

	*user = (struct control_user){.uid = (uid_t)-1};
	if (credentials_of(fd, &cred))
		return;
	user->uid = cred.uid;
	user->is_ours = cred.uid == 0 || cred.uid == geteuid() ||
		cred.gid == group || has_group(fd, group);
	user->may_change = user->is_ours || !c->has_group;
}

/* The name. */

struct lookup {
	struct name_lookup name;
	struct control *control;
	uint64_t peer;
};

static void on_name(struct name_lookup *name, void *owner)
{
	struct lookup *l = (struct lookup *)name;
	struct control_peer *peer;

	TAILQ_FOREACH (peer, &l->control->peers, link) {
		if (peer->id != l->peer || peer->user.name)
			continue;
		peer->user.name = name->name;
		name->name = NULL;
		control_peer_named(peer);
		break;
	}
}

int control_access_find_name(struct control_peer *peer)
{
	struct server *s = peer->control->server;
	struct lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->name.uid = peer->user.uid;
	l->name.told = on_name;
	l->control = peer->control;
	l->peer = peer->id;
	return name_lookup_start(&l->name, s->crew.helper, s->mailbox);
}

/* What is asked for. */

static struct log_limit refused_limit = {.burst = 5};

static const char *name_of(const struct control_peer *peer)
{
	return peer->user.name ? peer->user.name : "-";
}

static void log_refused(const struct control_peer *peer)
{
	char more[LOG_LEFT_OUT_LEN];
	uint64_t left_out;

	if (log_limit_pass(&refused_limit, &left_out))
		log_notice("control refused verb=\"%s\" uid=%lu user=%s%s",
			peer->req.words.verb->words,
			(unsigned long)peer->user.uid, name_of(peer),
			log_left_out(more, left_out));
}

/* What people are told is never logged. */
static bool is_talk(const struct ctl_request *words, size_t i)
{
	return i + 1 == words->n_options + words->n_args &&
		strstr(words->verb->arguments, "TEXT...") != NULL;
}

static void log_change(const struct control_peer *peer)
{
	const struct ctl_request *words = &peer->req.words;
	struct strbuf args = {0};

	strbuf_adds(&args, "");
	for (size_t i = 0; i < words->n_options + words->n_args; i++) {
		const char *word = i < words->n_options
			? words->options[i]
			: words->args[i - words->n_options];

		strbuf_addf(&args, "%s", i ? " " : "");
		if (is_talk(words, i))
			strbuf_addf(&args, "(%zu bytes)", strlen(word));
		else
			str_escape(&args, word, strlen(word), SHOWN_MAX);
	}
	log_notice("control verb=\"%s\" uid=%lu user=%s args=\"%s\"",
		words->verb->words, (unsigned long)peer->user.uid,
		name_of(peer), args.failed ? "" : args.data);
	strbuf_fini(&args);
}

/* It changes something, or shows what people say. */
static bool is_for_few(const struct ctl_request *words)
{
	unsigned flags = words->verb->flags;

	return (flags & (CTL_CHANGES | CTL_PRIVATE)) ||
		((flags & CTL_SETS) && words->n_args);
}

int control_access_check(struct control_peer *peer)
{
	struct control *c = peer->control;
	struct errmsg *msg = &peer->req.error;
	const struct ctl_verb *verb = peer->req.words.verb;

	if (!is_for_few(&peer->req.words))
		return 0;
	if (atomic_load(&c->server->stopping))
		return errmsg_set(msg, EPERM, "the server is stopping");
	if (!peer->user.may_change) {
		log_refused(peer);
		return errmsg_set(msg, EPERM,
			"%s is for root, sockd's own user and members of the "
			"group %s; you are %s (uid %lu) and may only look",
			verb->words, c->group_name, name_of(peer),
			(unsigned long)peer->user.uid);
	}
	log_change(peer);
	return 0;
}
