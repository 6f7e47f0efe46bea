/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads a configuration: FILE, then the drop-ins of FILE.d in the order of the
 * C locale, then the -o of the command line, then defaults and checks.
 *
 *	FILE ─┐
 *	FILE.d ┴▶ text ─▶ tree ◀─ -o
 *	                   └─▶ struct config ─▶ checks
 *
 * A file that does not parse ends the load after all files were read, since
 * what it was to say is not known; everything else goes on to the end, so that
 * a person sees all mistakes at once. The same code serves start, `-t` and
 * reload: nothing here prints, logs or exits, or knows which thread it is on.
 * Blocks on disk and name servers.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/option.h"
#include "chat/accounts.h"

#include "config_private.h"

/* 0, EX_NOINPUT or EX_CONFIG. */
static int load_file(const struct config_load *load, const char *file)
{
	struct config_text text = {{0}, NULL, 0};
	int r;

	r = config_text_read(&text, file, &load->tree->names, load->errors);
	if (r == 0)
		r = config_tree_add(load->tree, &text, load->errors);
	config_text_fini(&text);
	return r;
}

/* The names that packages and editors leave behind do not end in .conf. */
static int is_drop_in(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > strlen(".conf") &&
		strcmp(entry->d_name + len - strlen(".conf"), ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int worse(int a, int b)
{
	return a == EX_NOINPUT || b == 0 ? a : b;
}

static int load_dir(const struct config_load *load, const char *dir)
{
	struct dirent **entries;
	int n = scandir(dir, &entries, is_drop_in, by_name);
	int result = 0;

	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0) {
		config_errors_add(load->errors, dir, 0, "cannot be read: %s",
			strerror(errno));
		return EX_NOINPUT;
	}
	for (int i = 0; i < n; i++) {
		struct strbuf file = {0};

		strbuf_addf(&file, "%s/%s", dir, entries[i]->d_name);
		if (file.failed)
			config_errors_oom(load->errors);
		else
			result = worse(result, load_file(load, file.data));
		strbuf_fini(&file);
		free(entries[i]);
	}
	free(entries);
	return result;
}

static int load_files(const struct config_load *load, const char *file)
{
	struct strbuf dir = {0};
	int r = load_file(load, file);

	/* Without FILE its drop-ins would only cause more errors. */
	if (r == EX_NOINPUT)
		return r;
	strbuf_addf(&dir, "%s.d", file);
	if (dir.failed)
		config_errors_oom(load->errors);
	else
		r = worse(r, load_dir(load, dir.data));
	strbuf_fini(&dir);
	return r;
}

/* Where memory ran out, values are missing that the next step counts on. */
static void fill(const struct config_load *load)
{
	config_fill_defaults(load, config_options, load->cfg);
	config_fill_global(load);
	config_fill_rooms(load);
	config_fill_services(load);
	if (!load->errors->is_oom)
		config_find_dirs(load->cfg, load->errors);
	if (!load->errors->is_oom)
		config_check(load);
}

static int verdict(const struct config_errors *errors)
{
	/* What stands there may be right: nobody is to give up over it. */
	if (errors->is_oom ||
		(errors->n_errors > 0 && errors->n_errors == errors->n_passing))
		return EX_OSERR;
	/* A -o has no file: it is the command line that is wrong. */
	for (size_t i = 0; i < errors->n_items; i++)
		if (!errors->items[i].warning && !errors->items[i].file)
			return EX_USAGE;
	return errors->n_errors > 0 ? EX_CONFIG : 0;
}

int config_load(const struct config_source *src, struct config **ret,
	struct config_errors *errors)
{
	struct config_load load = {
		.cfg = calloc(1, sizeof(*load.cfg)),
		.tree = config_tree_new(),
		.errors = errors,
	};
	int r = EX_OSERR;

	*errors = (struct config_errors){0};
	if (!load.cfg || !load.tree) {
		config_errors_oom(errors);
		config_tree_free(load.tree);
		free(load.cfg);
		return r;
	}
	load.cfg->tree = load.tree;
	load.cfg->chat.exempt = &load.cfg->exempt;
	r = load_files(&load, src->file);
	for (size_t i = 0; i < src->n_overrides && r == 0; i++)
		config_tree_override(load.tree, src->overrides[i], errors);
	if (r == 0 && !errors->is_oom)
		fill(&load);
	if (src->reader)
		config_check_access(&load, src->reader, src->reader_is_guess);
	if (r == 0 || errors->is_oom)
		r = verdict(errors);
	config_errors_finish(errors);
	if (r == 0)
		*ret = load.cfg;
	else
		config_free(load.cfg);
	return r;
}

void config_free(struct config *cfg)
{
	if (!cfg)
		return;
	for (size_t i = 0; i < cfg->chat.n_rooms; i++) {
		free(cfg->chat.rooms[i].name);
		option_fini(config_room_options, &cfg->chat.rooms[i]);
	}
	free(cfg->chat.rooms);
	strlist_fini(&cfg->chat.reserved);
	accounts_free(cfg->chat.people);
	gid_list_fini(&cfg->chat.operator_groups);
	for (size_t i = 0; i < cfg->n_services; i++)
		config_service_fini(&cfg->services[i]);
	free(cfg->services);
	config_tree_free(cfg->tree);
	option_fini(config_options, cfg);
	free(cfg);
}
