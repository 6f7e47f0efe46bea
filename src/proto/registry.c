/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables of protocols and dialects, made from the rows in
 * src/proto/meson.build. */
#include <string.h>

#include "proto/dialect.h"
#include "proto/proto.h"

#define PROTO(name)   extern const struct proto proto_##name;
#define DIALECT(name) extern const struct dialect dialect_##name;
#include "proto/proto_table.h"
#undef PROTO
#undef DIALECT

#define DIALECT(name)
const struct proto *const proto_table[] = {
#define PROTO(name) &proto_##name,
#include "proto/proto_table.h"
#undef PROTO
	NULL,
};
#undef DIALECT

#define PROTO(name)
const struct dialect *const dialect_table[] = {
#define DIALECT(name) &dialect_##name,
#include "proto/proto_table.h"
#undef DIALECT
	NULL,
};
#undef PROTO

const struct proto *proto_find(const char *name)
{
	for (size_t i = 0; proto_table[i]; i++)
		if (!strcmp(proto_table[i]->name, name))
			return proto_table[i];
	return NULL;
}

bool proto_answers_longer(const void *options)
{
	return true;
}

const struct dialect *dialect_find(const char *name)
{
	for (size_t i = 0; dialect_table[i]; i++)
		if (!strcmp(dialect_table[i]->name, name))
			return dialect_table[i];
	return NULL;
}
