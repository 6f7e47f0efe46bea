/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_APP_CONFIG_PRIVATE_H
#define SOCKD_APP_CONFIG_PRIVATE_H

#include "app/config.h"
#include "app/config_errors.h"

/* What the config_*.c files share.
 *
 *   files ──config_text──▶ one text, each line with its origin
 *         ──config_tree──▶ settings tree, merged over files, then -o
 *         ──config_fill──▶ struct config (rows of config_table)
 *         ──config_check─▶ what only the whole can tell
 */

/* ---- findings (config_errors.c) */

struct addr;
struct config_node;
struct stat;

/* A finding about the setting `path`, which stands at node. */
void config_errors_at(struct config_errors *errors,
	const struct config_node *node, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same as a warning. */
void config_errors_warn_at(struct config_errors *errors,
	const struct config_node *node, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The error added last is one that may be gone at the next try. */
void config_errors_passing(struct config_errors *errors);
/* At the end: by file and line; -o comes last, then how many were left out. */
void config_errors_finish(struct config_errors *errors);

/* ---- text (config_text.c, config_scan.c) */

struct config_line {
	const char *file; /* borrowed from the tree's list of names */
	unsigned line;
};

/* One file with what it includes, without comments: what libconfig reads.
 * Whole numbers beyond 32 bits got an L, so that none wraps. */
struct config_text {
	struct strbuf data;
	struct config_line *lines; /* owned; of each line of data */
	size_t n_lines;
};

void config_text_fini(struct config_text *text);
/* Reads file; its name and those it includes are added to names, which must
 * outlive the text. 0, EX_NOINPUT or EX_CONFIG, with the finding in errors. */
int config_text_read(struct config_text *text, const char *file,
	struct strlist *names, struct config_errors *errors);

/* One pass over the bytes of one file. */
struct config_scan {
	struct config_text *text;
	struct config_errors *errors;
	struct strlist *names;
	struct config_grammar *grammar;
	const char *file; /* borrowed from names */
	unsigned line;
	const char *p, *end; /* what is left of the bytes */
	const char *line_start;
	const struct config_scan *parent; /* the file that includes this one */
	uint64_t dev, ino;
	bool is_latin; /* said once of a file */
};

/* Copies the file's bytes to the text. 0 or EX_CONFIG, the first error said. */
int config_scan_run(struct config_scan *scan);
/* Reads a whole file; NULL, or why that cannot be. */
const char *config_text_load(
	const char *file, struct strbuf *data, struct stat *st);
/* path as seen from the directory of the file `from`; owned by the caller.
 * NULL: no memory. */
char *config_text_join(const char *from, const char *path);
/* The same from inside a file, for `@include "path"` (config_text.c). */
int config_text_include(struct config_scan *scan, const char *path);
/* The first syntax error of a file: "what" and the line it is in. Returns
 * EX_CONFIG. */
int config_scan_error(const struct config_scan *scan, unsigned line,
	const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* ---- grammar (config_grammar.c) */

enum config_token {
	TOKEN_NAME, /* a bare word */
	TOKEN_BOOL, /* true, false */
	TOKEN_NUMBER,
	TOKEN_STRING,
	TOKEN_EQUALS, /* = or : */
	TOKEN_END,    /* ; */
	TOKEN_COMMA,
	TOKEN_OPEN,  /* { [ ( */
	TOKEN_CLOSE, /* } ] ) */
};

enum config_expect {
	EXPECT_NAME, /* a setting, or the end of the group */
	EXPECT_EQUALS,
	EXPECT_VALUE,
	EXPECT_END,   /* ; or , or the next setting */
	EXPECT_FIRST, /* an item, or the end of the list */
	EXPECT_ITEM,  /* an item, after a comma */
	EXPECT_COMMA, /* a comma, or the end of the list */
};

#define CONFIG_DEPTH 16

struct config_grammar {
	enum config_expect expect;
	enum config_token last;
	unsigned last_line;
	char name[64]; /* of the setting that began last */
	unsigned depth;
	struct {
		char open;
		unsigned line;
	} stack[CONFIG_DEPTH];
};

/* Takes the next token. 0, or -EINVAL with the guessed cause in msg. */
int config_grammar_take(struct config_grammar *g, enum config_token token,
	struct slice text, unsigned line, struct errmsg *msg);
/* Whether the text may end, or an @include stand, here. */
bool config_grammar_is_between(const struct config_grammar *g);

/* ---- tree (config_tree.c) */

enum config_kind {
	NODE_GROUP,
	NODE_LIST, /* an array or a list */
	NODE_BOOL,
	NODE_INT,
	NODE_FLOAT,
	NODE_STRING,
	NODE_TEXT, /* the VALUE of a -o: its option decides what it is */
};

struct config_node {
	char *name; /* owned; NULL in lists */
	enum config_kind kind;
	int64_t number;   /* NODE_INT, NODE_BOOL */
	double real;      /* NODE_FLOAT */
	char *text;       /* owned; NODE_STRING, NODE_TEXT */
	const char *file; /* borrowed; NULL: a -o */
	unsigned line;
	struct config_node *kids, *next; /* owned; kids in order */
};

struct config_tree {
	struct config_node root;
	struct strlist names; /* of all files read, the first is FILE */
};

struct config_tree *config_tree_new(void);
void config_tree_free(struct config_tree *tree); /* NULL is fine */
/* Parses text and merges it over what is there. 0 or EX_CONFIG. */
int config_tree_add(struct config_tree *tree, const struct config_text *text,
	struct config_errors *errors);
/* Puts one PATH=VALUE over the tree. */
void config_tree_override(struct config_tree *tree, const char *override,
	struct config_errors *errors);
/* The node at a dotted path, or NULL. */
const struct config_node *config_tree_find(
	const struct config_tree *tree, const char *path);
const struct config_node *config_node_find(
	const struct config_node *group, const char *name);

/* ---- filling and checking */

struct config_load {
	struct config *cfg;
	struct config_tree *tree;
	struct config_errors *errors;
};

/* One group of the tree against the tables that know its keys. */
struct config_level {
	const char *path;               /* of the group, "" at the top */
	const struct option *tables[2]; /* either may be NULL */
	void *targets[2];
	const char *const *groups; /* keys that somebody else fills, or NULL */
	bool lenient; /* unknown keys are not said: the protocol is unknown */
};

/* config_fill.c */
void config_fill_level(const struct config_load *load,
	const struct config_level *level, const struct config_node *group);
/* Defaults, then what OPT_INHERIT rows take from the global options. */
void config_fill_defaults(const struct config_load *load,
	const struct option *table, void *target);
/* Whether a value is what the row has for it. Where memory does not do for
 * looking this is noted, and it passes for that. */
bool config_is_default(const struct config_load *load, const struct option *opt,
	const void *target);
void config_fill_global(const struct config_load *load);
void config_fill_rooms(const struct config_load *load);

/* config_service.c */
void config_fill_services(const struct config_load *load);
void config_service_fini(struct service_config *svc);

/* config_check.c */
void config_check(const struct config_load *load);
/* Where item number i of a list is written. */
const struct config_node *config_item_node(
	const struct config_load *load, const char *path, size_t i);
int config_check_mode(const char *value, struct errmsg *msg);
int config_check_group(const char *value, struct errmsg *msg);
int config_check_dir(const char *value, struct errmsg *msg);
int config_check_socket(const char *value, struct errmsg *msg);
int config_check_room(const char *value, struct errmsg *msg);
int config_check_line(const char *value, struct errmsg *msg);
int config_check_listen(const char *value, struct errmsg *msg);

/* config_place.c: whether a socket can be there. 0, -EAGAIN: not yet, or
 * -errno, said in msg. */
int config_check_place(
	const struct addr *addr, const char *runtime_dir, struct errmsg *msg);
/* The same of the directory that is made if missing. */
int config_check_runtime_dir(const char *dir, struct errmsg *msg);

/* config_accounts.c */
void config_check_accounts(const struct config_load *load);
int config_check_operator(const char *value, struct errmsg *msg);

/* config_access.c: says what of it the user may not read; as warnings, if it
 * is a guess that he is to. Nothing unless we are root. */
void config_check_access(
	const struct config_load *load, const char *user, bool is_guess);

/* config_dirs.c: fills runtime_dir and state_dir where they are empty. */
void config_find_dirs(struct config *cfg, struct config_errors *errors);

#endif
