/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One object of JSON into a call.
 *
 * "type" is the name of a verb; "chat" and "leave" are the ones that people
 * know as say and part. The arguments are fields, whose names follow from what
 * the verb's usage calls them: NICK TEXT is "username" and "message". So a new
 * row in the table of verbs has its type and its fields already. A verb with a
 * single argument also takes it in a field of its own name: "topic".
 *
 * What comes from a peer is made safe here, once. Line ends may stand in what
 * is said, where nothing else than a room's members is told of it.
 *
 * The call's strings are put into its buffer one behind the other; pointers are
 * taken at the end, when it no longer moves. Pure; used by all workers.
 */
#include "dialect_json_private.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/str.h"
#include "base/utf8.h"
#include "net/framer_json.h"
#include "proto/dialect.h"

#define LOAD_FLAGS  (JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL)
#define REF_MAX     128 /* bytes of a reference as it is written back */
#define STRINGS_MAX (CHAT_ARGS_MAX + 5)
#define MUST(what)  "must be " what

/* Types that are not called like their verb. */
static const struct {
	const char *type, *verb;
} renamed[] = {
	{"chat", "say"},
	{"leave", "part"},
};
#define N_RENAMED (sizeof(renamed) / sizeof(renamed[0]))

/* What the usage of a verb calls an argument, and the field it comes in. Other
 * words are a field in lower case. */
static const struct {
	const char *word, *field;
} words[] = {
	{"NICK", "username"},
	{"NAME", "username"},
	{"TEXT", "message"},
	{"REASON", "message"},
	{"N", "last"},
	{"ADDRESS|NETWORK|NICK", "target"},
	{"on|off", "on"},
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

/* Verbs of which "message" may have lines. */
static const char *const with_lines[] = {"say", "me", "msg", "reply", NULL};

struct parse {
	struct chat_call *call;
	const json_t *object;
	const struct chat_verb_info *info;
	struct json_fields fields;
	const char **targets[STRINGS_MAX]; /* where pointers belong */
	size_t starts[STRINGS_MAX];        /* to what is there in call->buf */
	size_t n_strings;
};

/* Strings. */

static struct strbuf *begin_string(struct parse *p, const char **target)
{
	p->targets[p->n_strings] = target;
	p->starts[p->n_strings++] = p->call->buf.len;
	return &p->call->buf;
}

static void put_line(struct strbuf *buf, const char *data, size_t len)
{
	utf8_make_safe(buf, data, len);
}

/* CR LF is a line end like LF. */
static void put_lines(struct strbuf *buf, const char *data, size_t len)
{
	const char *lf;
	size_t n;

	while ((lf = memchr(data, '\n', len)) != NULL) {
		n = (size_t)(lf - data);
		utf8_make_safe(buf, data, n > 0 && lf[-1] == '\r' ? n - 1 : n);
		strbuf_addc(buf, '\n');
		data += n + 1;
		len -= n + 1;
	}
	utf8_make_safe(buf, data, len);
}

static void keep(
	struct parse *p, const char **target, const char *data, size_t len)
{
	struct strbuf *buf = begin_string(p, target);

	put_line(buf, data, len);
	strbuf_addc(buf, '\0');
}

static void keep_words(struct parse *p, const char **target, const char *text)
{
	keep(p, target, text, strlen(text));
}

/* Refusals. */

void dialect_json_refuse(struct chat_call *call)
{
	chat_call_refuse(call, CHAT_E_INVALID_INPUT);
}

static void refuse(struct parse *p, enum chat_type error)
{
	chat_call_refuse(p->call, error);
}

static bool refuse_field(struct parse *p, const char *field, const char *why)
{
	refuse(p, CHAT_E_BAD_FIELD);
	keep_words(p, &p->call->error_text, field);
	keep_words(p, &p->call->error_near, why);
	return false;
}

/* Types and fields. */

const char *dialect_json_type(const struct chat_verb_info *info)
{
	for (size_t i = 0; i < N_RENAMED; i++)
		if (strcmp(renamed[i].verb, info->name) == 0)
			return renamed[i].type;
	return info->name;
}

/* Whether all of the value is that; it may hold a NUL. */
static bool is_text(const json_t *value, const char *text)
{
	return strlen(text) == json_string_length(value) &&
		strcmp(text, json_string_value(value)) == 0;
}

static const struct chat_verb *find_type(const json_t *type)
{
	const struct chat_verb *verb;

	for (size_t i = 0; (verb = chat_verb_at(i)) != NULL; i++)
		if (is_text(type, dialect_json_type(chat_verb_info(verb))))
			return verb;
	return NULL;
}

#define TYPES_MAX 64

static const char *nearest_type(const char *type)
{
	const char *types[TYPES_MAX];
	const struct chat_verb *verb;
	size_t n = 0;

	while (n < TYPES_MAX && (verb = chat_verb_at(n)) != NULL)
		types[n++] = dialect_json_type(chat_verb_info(verb));
	return str_nearest(type, types, n);
}

static void name_field(char name[JSON_FIELD_LEN], const char *word, size_t len)
{
	for (size_t i = 0; i < N_WORDS; i++) {
		if (strncmp(words[i].word, word, len) == 0 &&
			words[i].word[len] == '\0') {
			strcpy(name, words[i].field);
			return;
		}
	}
	if (len >= JSON_FIELD_LEN)
		len = JSON_FIELD_LEN - 1;
	for (size_t i = 0; i < len; i++)
		name[i] = word[i] >= 'A' && word[i] <= 'Z'
			? (char)(word[i] - 'A' + 'a')
			: word[i];
	name[len] = '\0';
}

static void name_fields(
	const struct chat_verb_info *info, struct json_fields *ret)
{
	const char *at = info->usage;
	size_t len;

	ret->least = 0;
	for (ret->n = 0; ret->n < info->max_args; ret->n++, at += len) {
		len = strspn(at, " []");
		ret->least += !memchr(at, '[', len);
		at += len;
		len = strcspn(at, " []");
		name_field(ret->names[ret->n], at, len);
	}
}

/* The value of a field; null is none. */
static const json_t *value_of(const json_t *object, const char *field)
{
	const json_t *value = json_object_get(object, field);

	return json_is_null(value) ? NULL : value;
}

static const json_t *arg_of(const struct parse *p, size_t i)
{
	const json_t *value = value_of(p->object, p->fields.names[i]);

	if (!value && p->fields.n == 1)
		value = value_of(p->object, dialect_json_type(p->info));
	return value;
}

static bool has_lines(const struct parse *p, size_t i)
{
	if (strcmp(p->fields.names[i], "message") != 0)
		return false;
	for (const char *const *verb = with_lines; *verb; verb++)
		if (strcmp(*verb, p->info->name) == 0)
			return true;
	return false;
}

/* Arguments. */

static void keep_text(
	struct parse *p, const char **target, const json_t *value, bool lines)
{
	struct strbuf *buf = begin_string(p, target);

	(lines ? put_lines : put_line)(
		buf, json_string_value(value), json_string_length(value));
	strbuf_addc(buf, '\0');
}

static void keep_number(struct parse *p, const char **target, json_int_t n)
{
	strbuf_addf(begin_string(p, target), "%" JSON_INTEGER_FORMAT, n);
	strbuf_addc(&p->call->buf, '\0');
}

/* A command is asked about by the name it has here. */
static void keep_string(struct parse *p, size_t i, const json_t *value)
{
	const struct chat_verb *verb = NULL;

	if (strcmp(p->fields.names[i], "command") == 0)
		verb = find_type(value);
	if (verb)
		keep_words(p, &p->call->args[i], chat_verb_info(verb)->name);
	else
		keep_text(p, &p->call->args[i], value, has_lines(p, i));
}

static bool keep_arg(struct parse *p, size_t i)
{
	const json_t *value = arg_of(p, i);
	const char *field = p->fields.names[i];
	const char **target = &p->call->args[i];
	bool is_number = strcmp(field, "last") == 0;
	bool is_switch = strcmp(field, "on") == 0;

	if (is_number               ? json_is_integer(value)
			: is_switch ? json_is_boolean(value)
				    : json_is_string(value)) {
		if (is_number)
			keep_number(p, target, json_integer_value(value));
		else if (is_switch)
			keep_words(
				p, target, json_is_true(value) ? "on" : "off");
		else
			keep_string(p, i, value);
		return true;
	}
	return refuse_field(p, field,
		is_number           ? MUST("a whole number")
			: is_switch ? MUST("true or false")
				    : MUST("a text"));
}

/* How many arguments there are, those counted that are not there but stand
 * before one that is; up to the first that must be there and is not. */
static size_t count_args(const struct parse *p)
{
	size_t n = p->fields.n;

	for (size_t i = 0; i < p->fields.least; i++)
		if (!arg_of(p, i))
			return i;
	while (n > 0 && !arg_of(p, n - 1))
		n--;
	return n;
}

/* All that are there; what is not, before one that is, is empty. What must be
 * there must also hold something. To be done last: arguments are wiped by those
 * who refuse a call that has some, and here they have no pointers yet. */
static bool keep_args(struct parse *p)
{
	size_t n = count_args(p), i;
	const json_t *value;

	for (i = 0; i < n; i++) {
		value = arg_of(p, i);
		if (!value) {
			keep_words(p, &p->call->args[i], "");
			continue;
		}
		if (i < p->fields.least && json_is_string(value) &&
			json_string_length(value) == 0)
			return refuse_field(
				p, p->fields.names[i], "must not be empty");
		if (!keep_arg(p, i))
			return false;
	}
	if (i < p->fields.least)
		return refuse_field(p, p->fields.names[i], "is missing");
	p->call->n_args = i;
	p->call->by_name = true;
	return true;
}

/* Fields of several verbs, or of one that takes more than its arguments. */

static bool keep_optional(
	struct parse *p, const char *field, const char **target)
{
	const json_t *value = value_of(p->object, field);

	if (!value)
		return true;
	if (!json_is_string(value))
		return refuse_field(p, field, MUST("a text"));
	keep_text(p, target, value, false);
	return true;
}

/* The name of a field has been used for an argument. */
static bool is_arg(const struct parse *p, const char *field)
{
	for (size_t i = 0; i < p->fields.n; i++)
		if (strcmp(p->fields.names[i], field) == 0)
			return true;
	return false;
}

static bool keep_room(struct parse *p)
{
	return is_arg(p, "room") || keep_optional(p, "room", &p->call->room);
}

static bool is_empty(const json_t *value)
{
	return !value ||
		(json_is_string(value) && json_string_length(value) == 0);
}

static bool keep_join(struct parse *p)
{
	const json_t *keep_others = value_of(p->object, "keep");

	if (is_empty(value_of(p->object, "room")) ||
		is_empty(value_of(p->object, "username"))) {
		refuse(p, CHAT_E_ROOM_AND_NICK);
		return false;
	}
	if (keep_others && !json_is_boolean(keep_others))
		return refuse_field(p, "keep", MUST("true or false"));
	p->call->keep = json_is_true(keep_others);
	return keep_optional(p, "username", &p->call->nick);
}

static bool keep_since(struct parse *p)
{
	const json_t *since = value_of(p->object, "since");

	if (!since)
		return true;
	if (!json_is_integer(since) || json_integer_value(since) < 0)
		return refuse_field(p, "since", MUST("an id, a whole number"));
	p->call->has_since = true;
	p->call->since = (uint64_t)json_integer_value(since);
	return true;
}

static const struct {
	const char *verb, *names;
	bool (*keep)(struct parse *p);
} more_fields[] = {
	{"join", "username keep", keep_join},
	{"history", "since", keep_since},
};
#define N_MORE (sizeof(more_fields) / sizeof(more_fields[0]))

static bool keep_more(struct parse *p)
{
	for (size_t i = 0; i < N_MORE; i++)
		if (strcmp(more_fields[i].verb, p->info->name) == 0)
			return more_fields[i].keep(p);
	return true;
}

void dialect_json_fields(
	const struct chat_verb_info *info, struct json_fields *ret)
{
	name_fields(info, ret);
	ret->more = "";
	for (size_t i = 0; i < N_MORE; i++)
		if (strcmp(more_fields[i].verb, info->name) == 0)
			ret->more = more_fields[i].names;
}

/* As it will be written back: a text or a number, in ASCII. */
static bool keep_ref(struct parse *p)
{
	const json_t *ref = value_of(p->object, "ref");
	char text[REF_MAX];
	size_t len;

	if (!ref)
		return true;
	if (!json_is_string(ref) && !json_is_number(ref))
		return refuse_field(p, "ref", MUST("a text or a number"));
	len = json_dumpb(ref, text, sizeof(text),
		JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
	if (len == 0 || len > sizeof(text))
		return refuse_field(p, "ref", "is too long");
	keep(p, &p->call->ref, text, len);
	return true;
}

static void refuse_type(struct parse *p, const json_t *type)
{
	const char *near = nearest_type(json_string_value(type));

	refuse(p, CHAT_E_UNKNOWN_COMMAND);
	keep_text(p, &p->call->error_text, type, false);
	if (near)
		keep_words(p, &p->call->error_near, near);
}

/* False, and refused, if there is none. */
static bool keep_type(struct parse *p)
{
	const json_t *type = value_of(p->object, "type");

	if (!type)
		return refuse_field(p, "type", "is missing");
	if (!json_is_string(type))
		return refuse_field(p, "type", MUST("a text"));
	p->call->verb = find_type(type);
	if (p->call->verb)
		return true;
	refuse_type(p, type);
	return false;
}

static void parse_request(struct parse *p)
{
	if (!keep_ref(p) || !keep_type(p))
		return;
	p->info = chat_verb_info(p->call->verb);
	name_fields(p->info, &p->fields);
	(void)(keep_more(p) && keep_room(p) && keep_args(p));
}

static void take_pointers(struct parse *p)
{
	struct chat_call *call = p->call;

	if (call->buf.failed) {
		struct strbuf buf = call->buf;

		*call = (struct chat_call){
			.is_error = true,
			.error = CHAT_E_NO_MEMORY,
			.buf = buf,
		};
		return;
	}
	for (size_t i = 0; i < p->n_strings; i++)
		*p->targets[i] = call->buf.data + p->starts[i];
}

/* What the library has copied of a password is wiped as it is freed. */
static _Thread_local bool is_secret;

static void wiping_free(void *memory)
{
	if (is_secret && memory)
		explicit_bzero(memory, malloc_usable_size(memory));
	free(memory);
}

static void set_free(void)
{
	json_set_alloc_funcs(malloc, wiping_free);
}

static json_t *load(const char *data, size_t len, bool *ret_no_memory)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	json_error_t error;
	json_t *object;

	(void)pthread_once(&once, set_free);
	object = json_loadb(data, len, LOAD_FLAGS, &error);
	*ret_no_memory = !object &&
		json_error_code(&error) == json_error_out_of_memory;
	return object;
}

void dialect_json_parse(const char *data, size_t len, struct chat_call *call)
{
	struct parse p = {.call = call};
	bool no_memory;
	json_t *object;

	is_secret = memmem(data, len, "login", 5);
	if (is_secret)
		(void)strbuf_reserve(&call->buf, len + 1);
	object = load(data, len, &no_memory);
	p.object = object;
	if (json_is_object(object)) {
		parse_request(&p);
		take_pointers(&p);
	} else {
		refuse(&p, no_memory ? CHAT_E_NO_MEMORY : CHAT_E_INVALID_INPUT);
	}
	json_decref(object);
	is_secret = false;
}

bool dialect_json_is_request(const char *data, size_t len)
{
	bool no_memory, is_request;
	json_t *object = load(data, len, &no_memory);

	is_request = json_is_string(json_object_get(object, "type"));
	json_decref(object);
	return is_request;
}

const char *dialect_library_text(void)
{
	static char text[32];

	snprintf(text, sizeof(text), "jansson %s", jansson_version_str());
	return text;
}
