/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Findings about a configuration: where, and what to write instead.
 *
 * They are collected, not printed, because a start writes them to stderr and a
 * reload to the log. The list is bounded: a file of rubbish is told by its
 * first findings. Running out of memory counts as an error even if it cannot
 * be stored, so that a configuration half read is never used.
 *
 * Any thread.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "config_private.h"

void config_errors_fini(struct config_errors *errors)
{
	for (size_t i = 0; i < errors->n_items; i++) {
		free(errors->items[i].file);
		free(errors->items[i].text);
	}
	free(errors->items);
	*errors = (struct config_errors){0};
}

void config_error_format(const struct config_error *e, struct strbuf *out)
{
	if (e->file)
		strbuf_adds(out, e->file);
	if (e->file && e->line > 0)
		strbuf_addf(out, ":%u", e->line);
	if (e->file)
		strbuf_adds(out, ": ");
	/* It quotes the file, which may hold what moves a terminal. */
	utf8_make_safe(out, e->text, strlen(e->text));
}

/* Takes text, which may be NULL if memory ran out. */
static void append(struct config_errors *errors, const char *file,
	unsigned line, char *text, bool warning)
{
	struct config_error e = {NULL, line, text, warning};
	struct config_error *more;

	if (!text)
		return;
	if (file) {
		e.file = strdup(file);
		if (!e.file)
			goto fail;
	}
	more = reallocarray(errors->items, errors->n_items + 1, sizeof(*more));
	if (!more)
		goto fail;
	errors->items = more;
	more[errors->n_items++] = e;
	return;
fail:
	free(e.file);
	free(text);
}

/* The same, and counts it. */
static void add(struct config_errors *errors, const char *file, unsigned line,
	char *text, bool warning)
{
	if (!warning)
		errors->n_errors++;
	if (errors->n_items < CONFIG_ERRORS_MAX) {
		append(errors, file, line, text, warning);
	} else {
		errors->n_left_out++;
		free(text);
	}
}

void config_errors_add(struct config_errors *errors, const char *file,
	unsigned line, const char *fmt, ...)
{
	struct strbuf text = {0};
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	add(errors, file, line, strbuf_take(&text), false);
}

void config_errors_warn(struct config_errors *errors, const char *file,
	unsigned line, const char *fmt, ...)
{
	struct strbuf text = {0};
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	add(errors, file, line, strbuf_take(&text), true);
}

void config_errors_add_of(struct config_errors *errors,
	const struct config *cfg, const char *path, const char *text)
{
	const struct config_node *node = config_tree_find(cfg->tree, path);

	config_errors_add(errors, node ? node->file : NULL,
		node ? node->line : 0, "%s", text);
}

/* Where it is, as the finding says it. */
static void add_path(
	struct strbuf *text, const struct config_node *node, const char *path)
{
	strbuf_addf(text, "%s%s", node->file ? "" : "-o ", path);
	/* A group that a -o made: its PATH goes on to the key in it. */
	for (const struct config_node *n = node; !n->file && n->kids;
		n = n->kids)
		strbuf_addf(text, ".%s", n->kids->name);
	strbuf_adds(text, ": ");
}

void config_errors_at(struct config_errors *errors,
	const struct config_node *node, const char *path, const char *fmt, ...)
{
	struct strbuf text = {0};
	va_list ap;

	if (!node) { /* only a lack of memory makes a default look wrong */
		config_errors_oom(errors);
		return;
	}
	add_path(&text, node, path);
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	add(errors, node->file, node->line, strbuf_take(&text), false);
}

void config_errors_warn_at(struct config_errors *errors,
	const struct config_node *node, const char *path, const char *fmt, ...)
{
	struct strbuf text = {0};
	va_list ap;

	add_path(&text, node, path);
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	add(errors, node->file, node->line, strbuf_take(&text), true);
}

void config_errors_passing(struct config_errors *errors)
{
	errors->n_passing++;
}

void config_errors_oom(struct config_errors *errors)
{
	errors->is_oom = true;
	config_errors_add(errors, NULL, 0, "out of memory");
}

static int compare(const struct config_error *a, const struct config_error *b)
{
	if (!a->file || !b->file)
		return (a->file == NULL) - (b->file == NULL);
	if (strcmp(a->file, b->file) != 0)
		return strcmp(a->file, b->file);
	return (a->line > b->line) - (a->line < b->line);
}

/* Insertion keeps the order of findings about one line. */
static void sort(struct config_errors *errors)
{
	for (size_t i = 1; i < errors->n_items; i++) {
		struct config_error e = errors->items[i];
		size_t j = i;

		for (; j > 0 && compare(&errors->items[j - 1], &e) > 0; j--)
			errors->items[j] = errors->items[j - 1];
		errors->items[j] = e;
	}
}

void config_errors_finish(struct config_errors *errors)
{
	struct strbuf text = {0};
	char count[STR_COUNT_LEN];

	sort(errors);
	if (errors->n_left_out == 0)
		return;
	strbuf_addf(&text, "and %s more", str_count(count, errors->n_left_out));
	append(errors, NULL, 0, strbuf_take(&text), false);
}
