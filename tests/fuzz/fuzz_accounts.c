/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a file of accounts.
 *
 *   - It is taken as a whole, or refused with one fault at least, each in a
 *     line that there is, and in words.
 *   - Names are names, no two look alike, hashes are such as may be compared.
 *   - Who was read is found, by name and by looks.
 *   - Written again as a file, the same people are read.
 */
#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/password.h"
#include "chat/accounts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct faults {
	size_t n;
	unsigned n_lines;
};

static void on_fault(void *arg, unsigned line, const char *text)
{
	struct faults *faults = arg;

	faults->n++;
	assert(line >= 1 && line <= faults->n_lines);
	assert(text[0]);
}

static unsigned count_lines(const uint8_t *data, size_t size)
{
	unsigned n = 1;

	for (size_t i = 0; i < size; i++)
		n += data[i] == '\n';
	return n;
}

static void check_row(const struct accounts *all, const struct account *row)
{
	struct errmsg msg;
	char key[NICK_MAX + 1];

	assert(nick_is_valid(row->name) && !nick_is_guest(row->name));
	nick_make_key(key, row->name);
	assert(strcmp(key, row->key) == 0);
	assert(row == all->rows || strcmp(row[-1].key, row->key) < 0);
	assert(password_check_hash(row->hash, &msg) == 0);
	assert(row->is_locked == password_is_locked(row->hash));
	assert(accounts_find(all, row->name) == row);
	assert(accounts_find_alike(all, row->key) == row);
}

static void check_again(const struct accounts *all)
{
	struct accounts *again = NULL;
	struct strbuf text = {0};
	struct faults faults = {0};
	struct slice bytes;

	strbuf_adds(&text, "");
	for (size_t i = 0; i < all->n; i++)
		strbuf_addf(
			&text, "%s:%s\n", all->rows[i].name, all->rows[i].hash);
	bytes = (struct slice){text.data, text.len};
	assert(accounts_parse(&again, &bytes, on_fault, &faults) == 0);
	assert(accounts_equal(all, again));
	accounts_free(again);
	strbuf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice bytes = {(const char *)data, size};
	struct faults faults = {.n_lines = count_lines(data, size)};
	struct accounts *all = NULL;
	size_t n_open = 0;
	int err = accounts_parse(&all, &bytes, on_fault, &faults);

	assert(err == (faults.n ? -EINVAL : 0));
	if (err)
		return 0;
	for (size_t i = 0; i < all->n; i++) {
		check_row(all, &all->rows[i]);
		n_open += !all->rows[i].is_locked;
	}
	assert(n_open == all->n_open);
	assert(!n_open == !accounts_decoy(all, size));
	check_again(all);
	accounts_free(all);
	return 0;
}
