/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The settings as they were written: a tree of names and values, each with the
 * file and line it came from, merged over the main file, its drop-ins and -o.
 *
 * It stands between libconfig and the option tables. Every file is parsed into
 * a config_t of its own, so that a name twice in one file is an error and a
 * name in two files is an override: scalars and lists replace, groups merge
 * key by key. Numbers are always read as 64 bits.
 *
 * The tree stays with the configuration made from it, for `sockd -T`.
 * Any thread.
 */
#include <libconfig.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config_private.h"

#define TEXT_OF(x)  TEXT_OF_(x)
#define TEXT_OF_(x) #x
#define LIBCONFIG_TEXT               \
	TEXT_OF(LIBCONFIG_VER_MAJOR) \
	"." TEXT_OF(LIBCONFIG_VER_MINOR) "." TEXT_OF(LIBCONFIG_VER_REVISION)

static void value_fini(struct config_node *node);

static void node_free(struct config_node *node)
{
	value_fini(node);
	free(node->name);
	free(node);
}

static void value_fini(struct config_node *node)
{
	while (node->kids) {
		struct config_node *kid = node->kids;

		node->kids = kid->next;
		node_free(kid);
	}
	free(node->text);
	node->text = NULL;
}

struct config_tree *config_tree_new(void)
{
	return calloc(1, sizeof(struct config_tree));
}

void config_tree_free(struct config_tree *tree)
{
	if (!tree)
		return;
	value_fini(&tree->root);
	strlist_fini(&tree->names);
	free(tree);
}

static struct config_node *find(
	const struct config_node *group, const char *name, size_t len)
{
	struct config_node *kid = group->kids;

	for (; kid; kid = kid->next)
		if (kid->name && strncmp(kid->name, name, len) == 0 &&
			kid->name[len] == '\0')
			break;
	return kid;
}

const struct config_node *config_node_find(
	const struct config_node *group, const char *name)
{
	return group ? find(group, name, strlen(name)) : NULL;
}

const struct config_node *config_tree_find(
	const struct config_tree *tree, const char *path)
{
	const struct config_node *node = &tree->root;

	while (node && *path) {
		size_t len = strcspn(path, ".");

		node = find(node, path, len);
		path += len + (path[len] == '.');
	}
	return node;
}

/* Adds a kid behind the others. NULL: out of memory. */
static struct config_node *kid_add(
	struct config_node *parent, const char *name, size_t len)
{
	struct config_node *kid = calloc(1, sizeof(*kid)), **end;

	if (kid && name) {
		kid->name = strndup(name, len);
		if (!kid->name) {
			free(kid);
			return NULL;
		}
	}
	for (end = &parent->kids; *end; end = &(*end)->next)
		;
	*end = kid;
	return kid;
}

struct merge {
	const struct config_text *text;
	struct config_errors *errors;
};

static const struct config_line *origin(
	const struct config_text *text, unsigned line)
{
	/* An error at the end of the text may lie behind the last line. */
	if (line > text->n_lines)
		line = (unsigned)text->n_lines;
	return &text->lines[line ? line - 1 : 0];
}

static void merge_kids(const struct merge *m, struct config_node *node,
	const config_setting_t *setting);

static void merge_scalar(const struct merge *m, struct config_node *node,
	const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_BOOL:
		node->kind = NODE_BOOL;
		node->number = config_setting_get_bool(setting);
		break;
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		node->kind = NODE_INT;
		node->number = config_setting_get_int64(setting);
		break;
	case CONFIG_TYPE_FLOAT:
		node->kind = NODE_FLOAT;
		node->real = config_setting_get_float(setting);
		break;
	default:
		node->kind = NODE_STRING;
		node->text = strdup(config_setting_get_string(setting));
		if (!node->text)
			config_errors_oom(m->errors);
		break;
	}
}

/* Puts setting over node: a group over a group merges, all else replaces. */
static void merge_value(const struct merge *m, struct config_node *node,
	const config_setting_t *setting, bool is_new)
{
	const struct config_line *at = origin(
		m->text, config_setting_source_line(setting));
	bool is_group = config_setting_is_group(setting);

	if (!is_new && is_group && node->kind == NODE_GROUP) {
		merge_kids(m, node, setting);
		return;
	}
	value_fini(node);
	node->file = at->file;
	node->line = at->line;
	if (!config_setting_is_aggregate(setting)) {
		merge_scalar(m, node, setting);
		return;
	}
	node->kind = is_group ? NODE_GROUP : NODE_LIST;
	merge_kids(m, node, setting);
}

static void merge_kids(const struct merge *m, struct config_node *node,
	const config_setting_t *setting)
{
	int n = config_setting_length(setting);

	for (int i = 0; i < n; i++) {
		const config_setting_t *kid = config_setting_get_elem(
			setting, (unsigned)i);
		const char *name = config_setting_name(kid);
		struct config_node *old = name ? find(node, name, strlen(name))
					       : NULL;
		struct config_node *to = old;

		if (!to)
			to = kid_add(node, name, name ? strlen(name) : 0);
		if (to)
			merge_value(m, to, kid, !old);
		else
			config_errors_oom(m->errors);
	}
}

/* What only libconfig finds: the grammar in front of it knows no names. */
static void parse_error(const config_t *lc, const struct config_text *text,
	const char *line, struct config_errors *errors)
{
	const struct config_line *at = origin(
		text, (unsigned)config_error_line(lc));
	const char *why = config_error_text(lc);
	int n = config_error_line(lc);

	while (--n > 0 && strchr(line, '\n'))
		line = strchr(line, '\n') + 1;
	line += strspn(line, " ");
	if (strcmp(why, "duplicate setting name") == 0)
		why = "a name twice in one group of one file; take one out";
	else if (strncmp(why, "mismatched", strlen("mismatched")) == 0)
		why = "texts and numbers mixed in one list; quote them all";
	config_errors_add(errors, at->file, at->line, "%s; in: %.*s", why,
		(int)strcspn(line, "\n"), line);
}

int config_tree_add(struct config_tree *tree, const struct config_text *text,
	struct config_errors *errors)
{
	struct merge m = {text, errors};
	const char *data = text->data.data ? text->data.data : "";
	config_t lc;
	int r = 0;

	config_init(&lc);
	if (config_read_string(&lc, data)) {
		merge_kids(&m, &tree->root, config_root_setting(&lc));
	} else {
		parse_error(&lc, text, data, errors);
		r = EX_CONFIG;
	}
	config_destroy(&lc);
	return r;
}

/* Groups whose members must be there before -o may set a key of one. */
static bool is_named_group(const char *path, size_t len)
{
	return (len == 8 && memcmp(path, "services", 8) == 0) ||
		(len == 10 && memcmp(path, "chat.rooms", 10) == 0);
}

static void missing_member(const struct config_node *group, const char *path,
	const char *name, struct config_errors *errors)
{
	struct strlist names = {0};
	const char *near = NULL;
	char *word = strndup(name, strcspn(name, ".="));

	/* Failing costs a suggestion, nothing else. */
	for (struct config_node *kid = group->kids; kid; kid = kid->next)
		(void)!strlist_add(&names, kid->name);
	if (word)
		near = str_nearest(
			word, (const char *const *)names.items, names.n_items);
	config_errors_add(errors, NULL, 0,
		"-o %.*s: there is no \"%s\" in the configuration%s%s%s",
		(int)strcspn(path, "="), path, word ? word : "",
		near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"?" : "");
	free(word);
	strlist_fini(&names);
}

/* Walks to the node of a path of len bytes, making what is missing. */
static struct config_node *reach(struct config_node *node, const char *path,
	size_t len, struct config_errors *errors)
{
	size_t at = 0;

	while (node && at < len) {
		size_t n = strcspn(path + at, ".=");
		struct config_node *kid = find(node, path + at, n);

		if (!kid && at > 0 && is_named_group(path, at - 1)) {
			missing_member(node, path, path + at, errors);
			return NULL;
		}
		if (!kid) {
			kid = kid_add(node, path + at, n);
			if (!kid)
				config_errors_oom(errors);
		}
		node = kid;
		at += n + 1;
	}
	return node;
}

void config_tree_override(struct config_tree *tree, const char *override,
	struct config_errors *errors)
{
	const char *equals = strchr(override, '=');
	size_t len = equals ? (size_t)(equals - override) : 0;
	struct config_node *node;

	if (!equals || len == 0 || override[0] == '.' || equals[-1] == '.' ||
		memmem(override, len, "..", 2)) {
		config_errors_add(errors, NULL, 0,
			"-o %s: write PATH=VALUE, as in "
			"services.chat.listen='*:4000'",
			override);
		return;
	}
	node = reach(&tree->root, override, len, errors);
	if (!node)
		return;
	if (node->kind == NODE_GROUP && node->kids) {
		config_errors_add(errors, NULL, 0,
			"-o %.*s: is a group; name one of its keys", (int)len,
			override);
		return;
	}
	value_fini(node);
	node->kind = NODE_TEXT;
	node->file = NULL;
	node->line = 0;
	node->text = strdup(equals + 1);
	if (!node->text)
		config_errors_oom(errors);
}

const char *config_library_text(void)
{
	static const char text[] = "libconfig " LIBCONFIG_TEXT;

	return text;
}
