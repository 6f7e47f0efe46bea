/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Names. Nicks have two notions of equality: by case folding, which is how
 * people address each other, and by looks, which is what an impostor would
 * use. Looks are computed from the folded name, so that a nick equal to
 * another always looks like it and one key serves both questions: find by key,
 * then compare folded to tell "taken" from "looks like".
 *
 * The C library's ctype follows the locale; names must not.
 */
#include "chat/name.h"

#include <stddef.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

static const char nick_chars[] = LETTERS DIGITS "-_[]{}|^";
static const char room_chars[] = LETTERS DIGITS "-_.";
static const char guest_prefix[] = "guest-";
/* without 0 o, 1 i l */
static const char guest_chars[] = "23456789abcdefghjkmnpqrstuvwxyz";

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static char look(char c)
{
	c = fold(c);
	if (c == '0')
		return 'o';
	if (c == '1' || c == 'i')
		return 'l';
	return c;
}

bool nick_is_valid(const char *nick)
{
	size_t len = strlen(nick);

	return len >= 1 && len <= NICK_MAX && strspn(nick, nick_chars) == len &&
		!strchr(DIGITS "-", nick[0]);
}

bool nick_is_guest(const char *nick)
{
	for (size_t i = 0; guest_prefix[i]; i++)
		if (fold(nick[i]) != guest_prefix[i])
			return false;
	return true;
}

void nick_make_key(char key[NICK_MAX + 1], const char *nick)
{
	size_t i;

	for (i = 0; nick[i] && i < NICK_MAX; i++)
		key[i] = look(nick[i]);
	key[i] = '\0';
}

void nick_make_guest(char nick[NICK_MAX + 1], uint64_t number)
{
	size_t n_chars = sizeof guest_chars - 1;
	size_t len = sizeof guest_prefix - 1;

	memcpy(nick, guest_prefix, len);
	for (int i = 0; i < 4; i++, number /= n_chars)
		nick[len++] = guest_chars[number % n_chars];
	nick[len] = '\0';
}

bool room_name_parse(char name[ROOM_NAME_MAX + 1], const char *text)
{
	size_t len;

	if (text[0] == '#')
		text++;
	len = strlen(text);
	if (len < 1 || len > ROOM_NAME_MAX || strspn(text, room_chars) != len)
		return false;
	memcpy(name, text, len + 1);
	return true;
}

void room_name_make_key(char key[ROOM_NAME_MAX + 1], const char *name)
{
	size_t i;

	for (i = 0; name[i] && i < ROOM_NAME_MAX; i++)
		key[i] = fold(name[i]);
	key[i] = '\0';
}

int name_compare(const char *a, const char *b)
{
	while (*a && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return (unsigned char)fold(*a) - (unsigned char)fold(*b);
}

bool name_equal(const char *a, const char *b)
{
	return name_compare(a, b) == 0;
}

static bool is_of_word(char c)
{
	return c && strchr(LETTERS DIGITS "-_", c);
}

static bool starts_with(const char *text, const char *name, size_t len)
{
	size_t i = 0;

	while (i < len && fold(text[i]) == fold(name[i]))
		i++;
	return i == len;
}

bool name_is_in(const char *text, const char *name)
{
	size_t len = strlen(name);
	char before = ' ';

	for (; *text && len > 0; before = *text++)
		if (fold(*text) == fold(*name) &&
			starts_with(text, name, len) && !is_of_word(before) &&
			!is_of_word(text[len]))
			return true;
	return false;
}
