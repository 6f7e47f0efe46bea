/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Passwords, by libcrypt. What a hash costs stands in the hash itself, so one
 * that was written by mistake, or by somebody who means no good, could keep a
 * processor busy for minutes; hence the bounds below, which are looked at when
 * a hash is read and not when a password is compared with it.
 *
 *	$y$j9T$SALT$HASH       yescrypt: flavour, blocks (2^9..), their size
 *	$2b$12$SALTHASH        bcrypt: 2^12 rounds
 *	$6$rounds=N$SALT$HASH  sha512crypt, $5$ sha256crypt; 5000 without rounds
 *
 * What libcrypt works in is wiped before it is freed. Pure but for memory and
 * random bytes; any thread.
 */
#include "base/password.h"

#include <crypt.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/utf8.h"

#define PHRASE_MAX 256 /* bytes; libcrypt takes 511 */
#define YESCRYPT   "$y$"
#define MEMORY_MAX (64u << 20)
#define ROUNDS_MAX 500000
#define BCRYPT_MAX 12
#define LETTERS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SALT_CHARS "./0123456789" LETTERS
#define MADE_HOW   "make one with sockctl passwd or mkpasswd -m yescrypt"
#define BLOCKS_MAX 24 /* as a power of two, so that no product overflows */

/* What belongs between the name of a method and its hash. Each check has got
 * the part behind the name. 0, or -EINVAL and msg. */
struct method {
	const char *prefix;
	int (*check)(const char *rest, struct errmsg *msg);
	size_t hash_len; /* characters behind the last "$" */
};

static int refuse_shape(struct errmsg *msg)
{
	return errmsg_set(
		msg, EINVAL, "this is not a whole password hash; " MADE_HOW);
}

/* The value of a character, as crypt(5) counts them; -1: it is none. */
static int value_of(char c)
{
	const char *at = c ? strchr(SALT_CHARS, c) : NULL;

	return at ? (int)(at - SALT_CHARS) : -1;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "j9T$...": anything longer in front of the "$" asks for more than the default
 * method does, or for what a password file has no use for. */
static int check_yescrypt(const char *rest, struct errmsg *msg)
{
	int blocks, size;

	if (rest[0] != 'j' || strcspn(rest, "$") != 3)
		return errmsg_set(msg, EINVAL,
			"yescrypt parameters other than those of mkpasswd are "
			"not taken; " MADE_HOW);
	blocks = value_of(rest[1]) + 1;
	size = value_of(rest[2]) + 1;
	if (blocks < 1 || size < 1)
		return refuse_shape(msg);
	if (blocks > BLOCKS_MAX ||
		(UINT64_C(128) * (unsigned)size << blocks) > MEMORY_MAX)
		return errmsg_set(msg, EINVAL,
			"this yescrypt hash takes more than 64 MiB for each "
			"try; a cost of 7 is the most (mkpasswd -R 7)");
	return 0;
}

static int check_bcrypt(const char *rest, struct errmsg *msg)
{
	char *end;
	unsigned long cost = strtoul(rest, &end, 10);

	if (!is_digit(rest[0]) || end != rest + 2 || *end != '$' || cost < 4)
		return refuse_shape(msg);
	if (cost > BCRYPT_MAX)
		return errmsg_set(msg, EINVAL,
			"this bcrypt hash has the cost %lu; %d is the most",
			cost, BCRYPT_MAX);
	return 0;
}

static int check_sha(const char *rest, struct errmsg *msg)
{
	static const char word[] = "rounds=";
	unsigned long rounds;
	char *end;

	if (strncmp(rest, word, sizeof(word) - 1) != 0)
		return strchr(rest, '$') ? 0 : refuse_shape(msg);
	rest += sizeof(word) - 1;
	rounds = strtoul(rest, &end, 10);
	if (!is_digit(rest[0]) || *end != '$' || !strchr(end + 1, '$'))
		return refuse_shape(msg);
	if (rounds > ROUNDS_MAX)
		return errmsg_set(msg, EINVAL,
			"this hash has %lu rounds; %d are the most", rounds,
			ROUNDS_MAX);
	return 0;
}

static const struct method methods[] = {
	{YESCRYPT, check_yescrypt, 43},
	{"$2b$", check_bcrypt, 53},
	{"$2y$", check_bcrypt, 53},
	{"$2a$", check_bcrypt, 53},
	{"$6$", check_sha, 86},
	{"$5$", check_sha, 43},
};
#define N_METHODS (sizeof(methods) / sizeof(methods[0]))

static const struct method *find_method(const char *hash)
{
	for (size_t i = 0; i < N_METHODS; i++)
		if (strncmp(hash, methods[i].prefix,
			    strlen(methods[i].prefix)) == 0)
			return &methods[i];
	return NULL;
}

bool password_is_locked(const char *hash)
{
	return hash[0] == '*' || hash[0] == '!';
}

int password_check_hash(const char *hash, struct errmsg *msg)
{
	const struct method *method = find_method(hash);
	int err;

	if (password_is_locked(hash))
		return 0;
	if (!hash[0])
		return errmsg_set(msg, EINVAL,
			"there is no password hash; write * to lock the "
			"account, or " MADE_HOW);
	if (hash[0] != '$')
		return errmsg_set(msg, EINVAL,
			"this is not a password hash as crypt(5) writes "
			"them; " MADE_HOW);
	if (!method)
		return errmsg_set(msg, EINVAL,
			"this kind of password hash is not taken; " MADE_HOW);
	err = method->check(hash + strlen(method->prefix), msg);
	if (err)
		return err;
	if (strlen(hash) >= CRYPT_OUTPUT_SIZE ||
		strlen(strrchr(hash, '$') + 1) != method->hash_len ||
		hash[strspn(hash, SALT_CHARS "$=")] ||
		crypt_checksalt(hash) == CRYPT_SALT_INVALID)
		return refuse_shape(msg);
	if (crypt_checksalt(hash) == CRYPT_SALT_METHOD_DISABLED)
		return errmsg_set(msg, EINVAL,
			"the libcrypt of this machine does not have this kind "
			"of password hash; " MADE_HOW);
	return 0;
}

int password_check_phrase(const char *phrase, struct errmsg *msg)
{
	size_t len = strlen(phrase);

	if (len == 0)
		return errmsg_set(msg, EINVAL, "the password is empty");
	if (len > PHRASE_MAX)
		return errmsg_set(msg, EINVAL,
			"the password has %zu bytes; %d are the most", len,
			PHRASE_MAX);
	if (!utf8_is_safe(phrase, len) || strchr(phrase, '\t'))
		return errmsg_set(msg, EINVAL,
			"the password holds characters that cannot be typed "
			"in the chat");
	if (phrase[0] == ' ' || phrase[len - 1] == ' ')
		return errmsg_set(msg, EINVAL,
			"the password begins or ends with a blank, which the "
			"chat does not see");
	return 0;
}

void password_free(char *secret)
{
	if (!secret)
		return;
	explicit_bzero(secret, strlen(secret));
	free(secret);
}

/* In a time that does not depend on where they differ. */
static bool is_same(const char *a, const char *b)
{
	size_t len = strlen(a);
	unsigned char differ = 0;

	if (strlen(b) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return differ == 0;
}

/* Hashes with the setting and hands it to use(). 0 or -errno. */
static int hash(const char *phrase, const char *setting,
	int (*use)(const char *hashed, void *arg), void *arg)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *hashed;
	int err;

	if (!data)
		return -ENOMEM;
	errno = 0;
	hashed = crypt_rn(phrase, setting, data, (int)sizeof(*data));
	if (hashed)
		err = use(hashed, arg);
	else
		err = errno ? -errno : -EINVAL;
	explicit_bzero(data, sizeof(*data));
	free(data);
	return err;
}

struct comparison {
	const char *hash;
	bool fits;
};

static int compare(const char *hashed, void *arg)
{
	struct comparison *c = arg;

	c->fits = is_same(hashed, c->hash);
	return 0;
}

bool password_fits(const char *wanted, const char *phrase)
{
	struct comparison c = {.hash = wanted};

	return !password_is_locked(wanted) &&
		hash(phrase, wanted, compare, &c) == 0 && c.fits;
}

static int forget(const char *hashed, void *arg)
{
	return 0;
}

void password_waste(const char *phrase)
{
	static const char salt[] = "no salt for nobody";
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (crypt_gensalt_rn(YESCRYPT, 0, salt, 16, setting, sizeof(setting)))
		(void)hash(phrase, setting, forget, NULL);
}

static int copy(const char *hashed, void *arg)
{
	char **ret = arg;

	*ret = strdup(hashed);
	return *ret ? 0 : -ENOMEM;
}

int password_make(const char *phrase, char **ret)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (!crypt_gensalt_rn(YESCRYPT, 0, NULL, 0, setting, sizeof(setting)))
		return errno ? -errno : -EINVAL;
	return hash(phrase, setting, copy, ret);
}

const char *password_library_text(void)
{
	return "libxcrypt " XCRYPT_VERSION_STR;
}
