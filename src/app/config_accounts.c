/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who has an account, and who is an operator: the file that chat.accounts
 * names, and the groups of chat.operators. Both are read with the configuration
 * and are a part of it, so that a reload takes all of it or nothing.
 *
 * A path without a slash in front is seen from the directory of the
 * configuration file, as those of @include are. Any thread; blocks.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/config_list.h"
#include "base/errmsg.h"
#include "base/group.h"
#include "chat/accounts.h"
#include "chat/name.h"
#include "proto/proto.h"

#include "config_private.h"

#define ACCOUNTS  "chat.accounts"
#define OPERATORS "chat.operators"

int config_check_operator(const char *value, struct errmsg *msg)
{
	gid_t gid;
	int err;

	if (value[0] != '@') {
		if (nick_is_valid(value) && !nick_is_guest(value))
			return 0;
		return errmsg_set(msg, EINVAL,
			"\"%s\" cannot be the name of an account; write one, "
			"or \"@GROUP\" for a Unix group",
			value);
	}
	err = group_find(value + 1, &gid);
	if (err == -ENOENT)
		return errmsg_set(
			msg, EINVAL, "there is no group \"%s\"", value + 1);
	if (err)
		return errmsg_set(msg, EINVAL,
			"the group \"%s\" cannot be looked up: %s", value + 1,
			strerror(-err));
	return 0;
}

/* A file while it is read. */
struct file {
	const struct config_load *load;
	char *path; /* owned */
};

static void on_fault(void *arg, unsigned line, const char *text)
{
	const struct file *file = arg;

	config_errors_add(file->load->errors, file->path, line, "%s", text);
}

static void check_mode(const struct file *file, const struct stat *st)
{
	if (st->st_mode & S_IWOTH)
		config_errors_add(file->load->errors, file->path, 0,
			"anybody may write to this file; chmod o= mends it");
	else if (st->st_mode & S_IROTH)
		config_errors_warn(file->load->errors, file->path, 0,
			"anybody may read these password hashes; chmod o= "
			"mends it");
}

/* A nick of a service is nobody else's. */
static void check_reserved(const struct file *file)
{
	const struct chat_settings *chat = &file->load->cfg->chat;

	for (size_t i = 0; i < chat->reserved.n_items; i++) {
		const char *nick = chat->reserved.items[i];
		const struct account *account = accounts_find_alike(
			chat->people, nick);

		if (account)
			config_errors_add(file->load->errors, file->path,
				account->line,
				"%s: this account %s the name that the service "
				"%s has in the chat",
				account->name,
				name_equal(account->name, nick) ? "has"
								: "looks like",
				nick);
	}
}

static void read_file(struct file *file)
{
	struct chat_settings *chat = &file->load->cfg->chat;
	struct strbuf data = {0};
	struct slice bytes;
	struct stat st = {0};
	const char *why = config_text_load(file->path, &data, &st);

	if (why) {
		config_errors_at(file->load->errors,
			config_tree_find(file->load->tree, ACCOUNTS), ACCOUNTS,
			"%s cannot be read: %s", file->path, why);
		strbuf_fini(&data);
		return;
	}
	check_mode(file, &st);
	bytes = (struct slice){data.data ? data.data : "", data.len};
	if (accounts_parse(&chat->people, &bytes, on_fault, file) == -ENOMEM)
		config_errors_oom(file->load->errors);
	if (data.data)
		explicit_bzero(data.data, data.size);
	strbuf_fini(&data);
	if (chat->people)
		check_reserved(file);
}

/* Keeps the path as it is from everywhere: what -T prints may be put into
 * another directory. */
static void keep_path(const struct file *file)
{
	struct chat_settings *chat = &file->load->cfg->chat;
	struct strbuf path = {0};
	char *here = file->path[0] == '/' ? NULL : getcwd(NULL, 0);

	if (here)
		strbuf_addf(&path, "%s/", here);
	strbuf_adds(&path, file->path);
	free(here);
	if (path.failed) {
		config_errors_oom(file->load->errors);
		strbuf_fini(&path);
		return;
	}
	free(chat->accounts);
	chat->accounts = strbuf_take(&path);
}

static void check_file(const struct config_load *load)
{
	struct file file = {.load = load};
	const char *written = load->cfg->chat.accounts;

	if (!written[0])
		return;
	file.path = config_text_join(load->tree->names.items[0], written);
	if (file.path) {
		read_file(&file);
		keep_path(&file);
	} else {
		config_errors_oom(load->errors);
	}
	free(file.path);
}

static void check_operators(const struct config_load *load)
{
	struct chat_settings *chat = &load->cfg->chat;

	for (size_t i = 0; i < chat->operators.n_items; i++) {
		const char *item = chat->operators.items[i];
		const struct config_node *node = config_item_node(
			load, OPERATORS, i);
		gid_t gid;

		if (item[0] == '@') {
			if (group_find(item + 1, &gid) == 0 &&
				gid_list_add(&chat->operator_groups, gid))
				config_errors_oom(load->errors);
		} else if (!chat->accounts[0]) {
			config_errors_warn_at(load->errors, node, OPERATORS,
				"there are no accounts, so nobody is \"%s\"; "
				"write " ACCOUNTS,
				item);
		} else if (chat->people && !accounts_find(chat->people, item)) {
			config_errors_warn_at(load->errors, node, OPERATORS,
				"there is no account \"%s\" in %s", item,
				chat->accounts);
		}
	}
}

static void check_needs(
	const struct config_load *load, const struct service_config *svc)
{
	char path[CONFIG_PATH_LEN];

	if (!svc->proto || !svc->options || !svc->proto->needs_accounts ||
		!svc->proto->needs_accounts(svc->options))
		return;
	config_service_path(path, svc->name, "login");
	config_errors_at(load->errors, config_tree_find(load->tree, path), path,
		"there are no accounts to log in to; write " ACCOUNTS);
}

void config_check_accounts(const struct config_load *load)
{
	check_file(load);
	check_operators(load);
	for (size_t i = 0; i < load->cfg->n_services; i++)
		if (!load->cfg->chat.accounts[0])
			check_needs(load, &load->cfg->services[i]);
}
