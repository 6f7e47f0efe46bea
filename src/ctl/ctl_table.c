/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control verbs as data. Uses nothing else, so that programs which run
 * while sockd is being built can be made from it. */
#include "ctl/ctl_table.h"

const struct ctl_verb ctl_verbs[CTL_N] = {
#define CTL_VERB(name, words, arguments, flags, help) \
	[CTL_ID_##name] = {words, arguments, flags, help},
	CTL_TABLE(CTL_VERB)
#undef CTL_VERB
};
