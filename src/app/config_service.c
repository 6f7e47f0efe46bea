/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Services: each has the keys common to all and those of its protocol, so the
 * protocol is looked up first.
 *
 * Whether a transport or a framing exists in this build is asked of the
 * registry, so that a new one needs no change here. Any thread.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/option.h"
#include "net/addr.h"
#include "proto/proto.h"

#include "config_private.h"

#define SERVICE_NAME_MAX 32

static const struct option no_options[] = {OPTION_END};

/* One service while it is filled. */
struct filling {
	const struct config_load *load;
	const struct config_node *node;
	struct service_config *svc;
	const struct option *options; /* of the protocol; or NULL */
	char path[64];
};

/* What a finding is about: the key `name` (NULL: the service), which stands at
 * the service if it is not written. */
struct finding {
	const struct config_node *node;
	char path[160];
};

static struct finding place_of(const struct filling *f, const char *name)
{
	struct finding at;

	snprintf(at.path, sizeof(at.path), "%s%s%.64s", f->path,
		name ? "." : "", name ? name : "");
	at.node = config_tree_find(f->load->tree, at.path);
	if (!at.node)
		at.node = f->node;
	return at;
}

static void complain(const struct filling *f, const char *name, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));
static void complain(
	const struct filling *f, const char *name, const char *fmt, ...)
{
	char text[ERRMSG_LEN];
	struct finding at = place_of(f, name);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	config_errors_at(f->load->errors, at.node, at.path, "%s", text);
}

/* The same as a warning. */
static void warn(const struct filling *f, const char *name, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));
static void warn(
	const struct filling *f, const char *name, const char *fmt, ...)
{
	char text[ERRMSG_LEN];
	struct finding at = place_of(f, name);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	config_errors_warn_at(f->load->errors, at.node, at.path, "%s", text);
}

static const struct option *options_of(const struct service_config *svc)
{
	return svc->proto && svc->proto->options ? svc->proto->options
						 : no_options;
}

void config_service_fini(struct service_config *svc)
{
	option_fini(config_service_options, svc);
	if (svc->options && svc->proto)
		option_fini(options_of(svc), svc->options);
	free(svc->options);
	free(svc->name);
	*svc = (struct service_config){0};
}

static void check_name(const struct filling *f)
{
	const char *name = f->node->name;

	if (strlen(name) > SERVICE_NAME_MAX)
		config_errors_at(f->load->errors, f->node, f->path,
			"the name has %zu characters; %d are allowed",
			strlen(name), SERVICE_NAME_MAX);
	else if (strchr(name, '*'))
		config_errors_at(f->load->errors, f->node, f->path,
			"a name of letters, digits, \"-\" and \"_\" belongs "
			"here");
}

static void unknown_protocol(const struct filling *f, const char *name)
{
	struct strlist names = {0};
	struct strbuf list = {0};
	const char *near;

	/* Failing costs a suggestion, nothing else. */
	for (const struct proto *const *p = proto_table; *p; p++) {
		(void)!strlist_add(&names, (*p)->name);
		strbuf_addf(&list, "%s\"%s\"", p == proto_table ? "" : ", ",
			(*p)->name);
	}
	near = str_nearest(
		name, (const char *const *)names.items, names.n_items);
	if (near)
		complain(f, "protocol",
			"there is no protocol \"%.64s\"; did you mean \"%s\"?",
			name, near);
	else
		complain(f, "protocol",
			"there is no protocol \"%.64s\"; write one of %s", name,
			list.data ? list.data : "");
	strlist_fini(&names);
	strbuf_fini(&list);
}

/* Which keys are known depends on the protocol, so that its own is looked for
 * first, misspelt as it may be. */
static void no_protocol(const struct filling *f)
{
	static const char *const wanted[] = {"protocol"};
	const struct config_node *node = f->node->kids;

	while (node && !str_nearest(node->name, wanted, 1))
		node = node->next;
	if (node)
		complain(f, node->name,
			"unknown key; did you mean \"protocol\"?");
	else
		complain(f, NULL,
			"has no protocol; write protocol = \"echo\", for "
			"example");
}

/* Finds what the protocol key names. False: nothing of that name. */
static bool find_protocol(struct filling *f)
{
	const struct config_node *node = config_node_find(f->node, "protocol");
	const char *name = node ? node->text : NULL;

	if (!node)
		no_protocol(f);
	/* Another type is said when the common keys are filled. */
	if (!name)
		return false;
	f->svc->proto = proto_find(name);
	if (!f->svc->proto) {
		unknown_protocol(f, name);
		return false;
	}
	f->options = options_of(f->svc);
	return true;
}

/* Fills both sets of keys. */
static void fill_keys(struct filling *f, bool known)
{
	struct service_config *svc = f->svc;
	const struct proto *proto = svc->proto;
	struct config_level level = {
		.path = f->path,
		.tables = {config_service_options, f->options},
		.targets = {svc, NULL},
		.lenient = !known,
	};
	size_t size = proto ? proto->options_size : 1;

	config_fill_defaults(f->load, config_service_options, svc);
	if (proto && proto->idle_ms != PROTO_IDLE_COMMON)
		svc->idle_ms = proto->idle_ms;
	if (proto)
		svc->send_buffer = proto->send_buffer;
	level.targets[1] = calloc(1, size ? size : 1);
	if (!level.targets[1]) {
		config_errors_oom(f->load->errors);
		return;
	}
	if (proto)
		config_fill_defaults(f->load, f->options, level.targets[1]);
	config_fill_level(f->load, &level, f->node);
	if (proto)
		svc->options = level.targets[1];
	else
		free(level.targets[1]);
}

/* Is the word of an enum row spoken by the protocol (bits of own), or by any
 * of this build (bits of all)? */
static void check_speaks(const struct filling *f, const char *name,
	unsigned own, unsigned all, int value)
{
	const char *word = option_find(config_service_options, name)
				   ->names[value];

	if (own & 1u << value)
		return;
	if (all & 1u << value)
		complain(f, name, "the protocol \"%s\" does not speak \"%s\"",
			f->svc->proto->name, word);
	else if (strcmp(word, "tls") == 0)
		complain(f, name, "\"tls\" is not possible: built without TLS");
	else
		complain(f, name, "\"%s\" is not in this build", word);
}

static void check_framing(const struct filling *f, unsigned all)
{
	struct service_config *svc = f->svc;
	unsigned own = svc->proto->framings;

	/* A protocol that only knows another framing has that as default. */
	if (!config_node_find(f->node, "framing") && own &&
		!(own & 1u << svc->framing))
		svc->framing = __builtin_ctz(own);
	check_speaks(f, "framing", own, all, svc->framing);
}

static void check_spoken(const struct filling *f)
{
	struct service_config *svc = f->svc;
	const struct proto *proto = svc->proto;
	unsigned transports = 0, framings = 0;

	for (const struct proto *const *p = proto_table; *p; p++) {
		transports |= (*p)->transports;
		framings |= (*p)->framings;
	}
	check_speaks(
		f, "transport", proto->transports, transports, svc->transport);
	if (svc->transport != TRANSPORT_UDP)
		check_framing(f, framings);
}

/* Rows that the manual knows and nothing serves yet: only the default. */
static void check_unbuilt(
	const struct filling *f, const struct option *table, const void *target)
{
	for (const struct option *opt = table; opt->key; opt++)
		if ((opt->flags & OPT_UNBUILT) &&
			!config_is_default(f->load, opt, target))
			complain(f, opt->key, "this is not in this build");
}

/* A text that begins with "KEY: " is put where that key stands. */
static void complain_by_key(const struct filling *f, const struct errmsg *msg)
{
	size_t len = strcspn(msg->text, ":");
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)len, msg->text);
	if (msg->text[len] && option_find(f->options, name))
		complain(f, name, "%s", msg->text + len + 2);
	else
		complain(f, NULL, "%s", msg->text);
}

/* The protocol's own look across its keys. */
static void check_protocol(const struct filling *f,
	int (*check)(const void *options, struct errmsg *msg))
{
	struct errmsg msg = {""};

	if (check && check(f->svc->options, &msg))
		complain_by_key(f, &msg);
}

/* Keeps the nicks that the service has in the chat. */
static void reserve_nicks(const struct filling *f)
{
	const struct proto *proto = f->svc->proto;
	struct errmsg msg = {""};
	int err = 0;

	if (proto->reserve)
		err = proto->reserve(f->node->name, f->svc->options,
			&f->load->cfg->chat.reserved, &msg);
	if (err == -ENOMEM)
		config_errors_oom(f->load->errors);
	else if (err)
		complain_by_key(f, &msg);
}

static bool is_unix_only(const struct strlist *listen)
{
	struct listen_spec spec;

	for (size_t i = 0; i < listen->n_items; i++)
		if (listen_parse(listen->items[i], &spec, NULL) < 0 ||
			spec.kind != LISTEN_UNIX)
			return false;
	return listen->n_items > 0;
}

/* Proxies that could never send a header. */
static void check_proxies(const struct filling *f)
{
	const struct service_config *svc = f->svc;

	if (svc->proxy_protocol.n_items > 0 &&
		svc->transport != TRANSPORT_UDP && is_unix_only(&svc->listen))
		complain(f, "proxy_protocol",
			"no peer of a unix socket is in a network; listen on "
			"\"HOST:PORT\" for the proxy");
}

/* Says that keys of connections have no meaning for datagrams, or would mean
 * what cannot be had. */
static void check_for_datagrams(const struct filling *f)
{
	static const char *const idle_keys[] = {
		"backlog", "max_connections", "mode", "group"};
	const struct service_config *svc = f->svc;

	for (size_t i = 0; i < sizeof(idle_keys) / sizeof(char *); i++)
		if (!config_is_default(f->load,
			    option_find(config_service_options, idle_keys[i]),
			    svc))
			warn(f, idle_keys[i],
				"has no meaning with transport = \"udp\"");
	if (svc->proxy_protocol.n_items > 0)
		complain(f, "proxy_protocol",
			"datagrams have no PROXY header; leave it out with "
			"transport = \"udp\"");
	if (config_node_find(f->node, "framing") &&
		svc->framing != FRAMING_STREAM)
		complain(f, "framing",
			"a datagram is a message as it is; leave it out with "
			"transport = \"udp\"");
}

static void check_datagrams(const struct filling *f)
{
	const struct service_config *svc = f->svc;
	const struct proto *proto = svc->proto;

	check_for_datagrams(f);
	check_protocol(f, proto->check_datagrams);
	if (proto->answers_longer && proto->answers_longer(svc->options) &&
		svc->allow.n_items == 0)
		warn(f, NULL,
			"answers over UDP may be longer than what asks for "
			"them; without `allow` those go to loopback only");
}

/* What a service that is switched off need not satisfy. */
static void check_enabled(const struct filling *f, bool known)
{
	struct service_config *svc = f->svc;

	if (!config_node_find(f->node, "listen"))
		complain(f, NULL,
			"has no listen; write listen = \"localhost:PORT\", "
			"for example");
	else if (svc->listen.n_items == 0)
		complain(f, "listen", "names no address");
	if (!known || !svc->proto || !svc->options)
		return;
	check_spoken(f);
	check_proxies(f);
	check_unbuilt(f, config_service_options, svc);
	check_unbuilt(f, f->options, svc->options);
	check_protocol(f, svc->proto->check);
	if (svc->framing != FRAMING_STREAM)
		check_protocol(f, svc->proto->check_framed);
	reserve_nicks(f);
	if (svc->transport == TRANSPORT_UDP)
		check_datagrams(f);
}

static void fill_service(const struct config_load *load,
	const struct config_node *node, struct service_config *svc)
{
	struct filling f = {.load = load, .node = node, .svc = svc};
	size_t n_errors;
	bool known;

	snprintf(f.path, sizeof(f.path), "services.%.48s", node->name);
	if (node->kind != NODE_GROUP) {
		config_errors_at(load->errors, node, f.path,
			"is a group; write %s: { protocol = ...; };",
			node->name);
		return;
	}
	check_name(&f);
	svc->name = strdup(node->name);
	if (!svc->name)
		config_errors_oom(load->errors);
	known = find_protocol(&f);
	n_errors = load->errors->n_errors;
	fill_keys(&f, known);
	/* Looking across values makes sense only if each is there and right. */
	if (svc->enabled && n_errors == load->errors->n_errors &&
		!load->errors->is_oom)
		check_enabled(&f, known);
}

void config_fill_services(const struct config_load *load)
{
	const struct config_node *services = config_node_find(
		&load->tree->root, "services");
	struct config *cfg = load->cfg;
	size_t n = 0;

	if (!services)
		return;
	if (services->kind != NODE_GROUP) {
		config_errors_at(load->errors, services, "services",
			"is a group; write services: { NAME: { ... }; };");
		return;
	}
	for (const struct config_node *kid = services->kids; kid;
		kid = kid->next)
		n++;
	cfg->services = calloc(n ? n : 1, sizeof(*cfg->services));
	if (!cfg->services) {
		config_errors_oom(load->errors);
		return;
	}
	for (const struct config_node *kid = services->kids; kid;
		kid = kid->next) {
		struct service_config *svc = &cfg->services[cfg->n_services];

		fill_service(load, kid, svc);
		if (svc->enabled)
			cfg->n_services++;
		else
			config_service_fini(svc);
	}
}
