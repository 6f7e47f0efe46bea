/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_BASE_PASSWORD_H
#define SOCKD_BASE_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

struct errmsg;

/* Passwords and their hashes, as crypt(5) writes them: yescrypt, bcrypt,
 * sha256crypt and sha512crypt. Any thread; what takes long says so. */

/* True for a hash that no password fits: it begins with "*" or "!". */
bool password_is_locked(const char *hash);
/* Whether it is a whole hash of a method that is good enough, and not so
 * costly that comparing with it keeps others waiting; or a locked one. Pure. 0,
 * or -EINVAL with the reason in msg. */
int password_check_hash(const char *hash, struct errmsg *msg);
/* Whether people can type it in a line of the chat. 0, or -EINVAL and msg. */
int password_check_phrase(const char *phrase, struct errmsg *msg);

/* Takes from milliseconds to half a second and up to 64 MiB, by the hash. */
bool password_fits(const char *hash, const char *phrase);
/* Takes as long as comparing with a hash that password_make() made. */
void password_waste(const char *phrase);
/* A new yescrypt hash, owned by the caller. 0 or -errno. */
int password_make(const char *phrase, char **ret);

/* Forgets a string: its memory is zeroed, then freed. NULL is fine. */
void password_free(char *secret);

/* "libxcrypt 4.4.33" */
const char *password_library_text(void);

#endif
