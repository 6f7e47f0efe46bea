/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Checks of single values that rows point to, and what only the whole
 * configuration can tell: marks in their order, addresses used twice, hosts
 * that nobody knows.
 *
 * Names are resolved here, at start and at every reload, off the loops; the
 * binder resolves again, since a check may be long ago. Any thread; blocks.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/config_list.h"
#include "base/errmsg.h"
#include "base/group.h"
#include "base/option.h"
#include "net/addr.h"

#include "config_private.h"

int config_check_mode(const char *value, struct errmsg *msg)
{
	size_t len = strlen(value);

	if (len < 3 || len > 4 || strspn(value, "01234567") != len ||
		(len == 4 && value[0] != '0'))
		return errmsg_set(msg, EINVAL,
			"\"%s\" is not a mode; write three octal digits, as "
			"in \"0660\"",
			value);
	return 0;
}

int config_check_group(const char *value, struct errmsg *msg)
{
	gid_t gid;

	if (*value && group_find(value, &gid))
		return errmsg_set(
			msg, EINVAL, "there is no group \"%s\"", value);
	return 0;
}

int config_check_dir(const char *value, struct errmsg *msg)
{
	if (*value && *value != '/')
		return errmsg_set(msg, EINVAL,
			"\"%s\" is not a whole path; it begins with \"/\"",
			value);
	return 0;
}

int config_check_line(const char *value, struct errmsg *msg)
{
	for (const char *p = value; *p; p++)
		if (iscntrl((unsigned char)*p))
			return errmsg_set(msg, EINVAL,
				"a control character in a text of one line");
	return 0;
}

int config_check_socket(const char *value, struct errmsg *msg)
{
	struct listen_spec spec;
	int r = value[0] ? listen_parse(value, &spec, msg) : 0;

	if (r < 0 || !value[0]) /* "": none */
		return r;
	if (spec.kind != LISTEN_UNIX)
		return errmsg_set(msg, EINVAL,
			"\"%s\" is not a unix socket; write \"/PATH\" or a "
			"bare name",
			value);
	return 0;
}

int config_check_room(const char *value, struct errmsg *msg)
{
	const char *name = value + (value[0] == '#');
	size_t len = strlen(name);

	for (const char *p = name; *p; p++) {
		if (isascii((unsigned char)*p) && isalnum((unsigned char)*p))
			continue;
		if (!strchr("-_.", *p))
			return errmsg_set(msg, EINVAL,
				"\"%s\" is not the name of a room; write "
				"letters, digits, \"-\", \"_\" and \".\"",
				value);
	}
	if (len < 1 || len > 32)
		return errmsg_set(msg, EINVAL,
			"the name of a room has 1 to 32 characters, not %zu",
			len);
	return 0;
}

int config_check_listen(const char *value, struct errmsg *msg)
{
	struct listen_spec spec;
	int r = listen_parse(value, &spec, msg);

	if (r == 0 && spec.kind == LISTEN_SYSTEMD)
		return errmsg_set(msg, EINVAL,
			"\"%s\": passed sockets are not in this build", value);
	return r;
}

/* Two sizes of which the first must be less (or not more) than the second. */
static const struct order {
	const char *low, *high;
	bool less;
} orders[] = {
	{"limits.output_soft", "limits.output_hard", true},
	{"limits.output_hard", "limits.output_total", false},
	{"chat.text", "limits.message", false},
	{"chat.history_bytes", "chat.history_total", false},
};

static uint64_t size_at(const struct config *cfg, const char *key)
{
	const struct option *opt = option_find(config_options, key);
	uint64_t n;

	memcpy(&n, (const char *)cfg + opt->offset, sizeof(n));
	return n;
}

/* Said at the one that is written, of two written at the second. */
static void check_order(const struct config_load *load, const struct order *o)
{
	const struct config_node *low = config_tree_find(load->tree, o->low);
	const struct config_node *high = config_tree_find(load->tree, o->high);
	uint64_t a = size_at(load->cfg, o->low);
	uint64_t b = size_at(load->cfg, o->high);
	const char *than = o->less ? "must be" : "must not be";
	char buf[UNITS_LEN];

	if (a < b || (a == b && !o->less) || (!low && !high))
		return;
	if (high && (!low || low->file))
		config_errors_at(load->errors, high, o->high,
			"%s %s than %s (\"%s\")", than,
			o->less ? "more" : "less", o->low, size_format(buf, a));
	else
		config_errors_at(load->errors, low, o->low,
			"%s %s than %s (\"%s\")", than,
			o->less ? "less" : "more", o->high,
			size_format(buf, b));
}

/* An address that somebody listens on. */
struct bound {
	const char *owner; /* the service's name; NULL: the control socket */
	const char *text;  /* as written */
	struct addr addr;
	bool datagram, wildcard;
};

struct bounds {
	struct bound *items; /* owned */
	size_t n_items;
};

static bool is_any(const struct bound *b, sa_family_t family)
{
	if (b->wildcard)
		return family != AF_UNIX;
	return b->addr.sa.sa_family == family && addr_is_any(&b->addr);
}

static bool collide(const struct bound *a, const struct bound *b)
{
	if (a->addr.sa.sa_family == AF_UNIX || b->addr.sa.sa_family == AF_UNIX)
		return addr_equal(&a->addr, &b->addr);
	if (a->datagram != b->datagram || addr_port(&a->addr) == 0 ||
		addr_port(&a->addr) != addr_port(&b->addr))
		return false;
	return addr_equal(&a->addr, &b->addr) ||
		is_any(a, b->addr.sa.sa_family) ||
		is_any(b, a->addr.sa.sa_family);
}

const struct config_node *config_item_node(
	const struct config_load *load, const char *path, size_t i)
{
	const struct config_node *node = config_tree_find(load->tree, path);
	const struct config_node *kid;

	if (!node || node->kind != NODE_LIST)
		return node;
	for (kid = node->kids; kid && i > 0; i--)
		kid = kid->next;
	return kid ? kid : node;
}

/* Adds one address; false if it, or one like it, is taken: then *ret_other is
 * by whom. */
static bool bounds_add(struct bounds *all, const struct bound *b,
	const struct bound **ret_other)
{
	struct bound *more;

	for (size_t i = 0; i < all->n_items; i++) {
		if (collide(&all->items[i], b)) {
			*ret_other = &all->items[i];
			return false;
		}
	}
	*ret_other = NULL;
	more = reallocarray(all->items, all->n_items + 1, sizeof(*more));
	if (!more)
		return false;
	all->items = more;
	more[all->n_items++] = *b;
	return true;
}

static void say_taken(const struct config_load *load, const char *path,
	const struct config_node *node, const char *text,
	const struct bound *other)
{
	if (!other)
		config_errors_oom(load->errors);
	else if (other->owner)
		config_errors_at(load->errors, node, path,
			"\"%s\" is taken by \"%s\" of the service %s", text,
			other->text, other->owner);
	else
		config_errors_at(load->errors, node, path,
			"\"%s\" is the control socket", text);
}

static int check_kind(const struct bound *b, const struct listen_spec *spec,
	struct errmsg *msg)
{
	if (b->datagram && spec->kind == LISTEN_UNIX)
		return errmsg_set(msg, EINVAL,
			"\"%s\" is a unix socket; with transport = \"udp\" "
			"write \"HOST:PORT\"",
			b->text);
	return 0;
}

/* Says an error about what stands at node, or, by default, nowhere. */
static void say(const struct config_load *load, const struct config_node *node,
	const char *path, const struct errmsg *msg)
{
	if (node)
		config_errors_at(load->errors, node, path, "%s", msg->text);
	else
		config_errors_add(load->errors, load->tree->names.items[0], 0,
			"%s: %s", path, msg->text);
}

/* The addresses of b->text. 0, or -errno with the reason in msg. */
static int find_addresses(const struct config_load *load, struct bound *b,
	struct addrlist *ret, struct errmsg *msg)
{
	const char *dir = load->cfg->runtime_dir;
	struct listen_spec spec = {0};
	int err = listen_parse(b->text, &spec, msg);

	b->wildcard = spec.wildcard;
	if (!err)
		err = check_kind(b, &spec, msg);
	if (!err)
		err = listen_resolve(&spec, dir, b->datagram, ret, msg);
	for (size_t i = 0; i < ret->n_items && !err; i++)
		err = config_check_place(&ret->items[i], dir, msg);
	return err;
}

/* Resolves b->text, which stands at path, and adds what it means. */
static void check_entry(const struct config_load *load, struct bounds *all,
	struct bound *b, const char *path, const struct config_node *node)
{
	const struct bound *other;
	struct addrlist addrs = {NULL, 0};
	struct errmsg msg = {""};
	int err = find_addresses(load, b, &addrs, &msg);

	/* Of the default name only the directory can be at fault. */
	if (err == -ENOMEM)
		config_errors_oom(load->errors);
	else if (err)
		say(load,
			node ? node
			     : config_tree_find(load->tree, "runtime_dir"),
			path, &msg);
	if (err == -EAGAIN)
		config_errors_passing(load->errors);
	for (size_t k = 0; k < addrs.n_items; k++) {
		b->addr = addrs.items[k];
		if (bounds_add(all, b, &other))
			continue;
		say_taken(load, path, node, b->text, other);
		break;
	}
	free(addrs.items);
}

/* Only of what is written somebody can be told. */
static void check_runtime_dir(const struct config_load *load)
{
	const struct config_node *node = config_tree_find(
		load->tree, "runtime_dir");
	struct errmsg msg;
	int err = node ? config_check_runtime_dir(load->cfg->runtime_dir, &msg)
		       : 0;

	if (err == -ENOMEM)
		config_errors_oom(load->errors);
	else if (err)
		say(load, node, "runtime_dir", &msg);
	if (err == -EAGAIN)
		config_errors_passing(load->errors);
}

static void check_service(const struct config_load *load, struct bounds *all,
	const struct service_config *svc)
{
	char path[CONFIG_PATH_LEN];

	config_service_path(path, svc->name, "listen");
	for (size_t i = 0; i < svc->listen.n_items; i++) {
		struct bound b = {svc->name, svc->listen.items[i], {0},
			svc->transport == TRANSPORT_UDP, false};

		check_entry(
			load, all, &b, path, config_item_node(load, path, i));
	}
}

static void check_addresses(const struct config_load *load)
{
	struct bound control = {.text = load->cfg->control_path};
	struct bounds all = {NULL, 0};

	if (control.text[0])
		check_entry(load, &all, &control, "control.path",
			config_tree_find(load->tree, "control.path"));
	for (size_t i = 0; i < load->cfg->n_services; i++)
		if (load->cfg->services[i].name)
			check_service(load, &all, &load->cfg->services[i]);
	free(all.items);
}

/* Whoever may connect may change things, unless there is a group for it. */
static void check_control(const struct config_load *load)
{
	static const char path[] = "control.mode";
	const struct config *cfg = load->cfg;

	if (cfg->control_path[0] && !cfg->control_group[0] &&
		(strtoul(cfg->control_mode, NULL, 8) & S_IWOTH))
		config_errors_warn_at(load->errors,
			config_tree_find(load->tree, path), path,
			"anybody on this machine may stop the daemon; write "
			"control.group, and only its members may");
}

/* Global rows that nothing serves yet. */
static void check_unbuilt(const struct config_load *load)
{
	for (const struct option *opt = config_options; opt->key; opt++)
		if ((opt->flags & OPT_UNBUILT) &&
			!config_is_default(load, opt, load->cfg))
			config_errors_at(load->errors,
				config_tree_find(load->tree, opt->key),
				opt->key, "this is not in this build");
}

/* A service that is no group has been told already. */
static void check_any(const struct config_load *load)
{
	const struct config_node *services = config_tree_find(
		load->tree, "services");

	if (load->cfg->n_services > 0)
		return;
	if (services && services->kind != NODE_GROUP)
		return;
	for (const struct config_node *kid = services ? services->kids : NULL;
		kid; kid = kid->next)
		if (kid->kind != NODE_GROUP)
			return;
	config_errors_add(load->errors, load->tree->names.items[0], 0,
		"no services configured");
}

void config_check(const struct config_load *load)
{
	check_any(load);
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
		check_order(load, &orders[i]);
	check_unbuilt(load);
	check_control(load);
	check_runtime_dir(load);
	check_addresses(load);
	config_check_accounts(load);
}
