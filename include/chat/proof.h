/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef SOCKD_CHAT_PROOF_H
#define SOCKD_CHAT_PROOF_H

/* How people show who they are, and how that ends, as it is counted. Refused is
 * what was not looked at, since too many came. X(NAME, how, result). */
#define CHAT_PROOFS(X)                             \
	X(PASSWORD_RIGHT, "password", "right")     \
	X(PASSWORD_WRONG, "password", "wrong")     \
	X(PASSWORD_REFUSED, "password", "refused") \
	X(CODE_RIGHT, "code", "right")             \
	X(CODE_WRONG, "code", "wrong")             \
	X(CODE_REFUSED, "code", "refused")

enum chat_proof {
#define CHAT_PROOF_ENUM(name, how, result) CHAT_PROOF_##name,
	CHAT_PROOFS(CHAT_PROOF_ENUM)
#undef CHAT_PROOF_ENUM
		CHAT_PROOF_N
};

#endif
