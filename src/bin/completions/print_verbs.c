/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints the table of control verbs as a shell wants it: completions for bash
 * and zsh, and `table` for the test that compares it with the manual. Runs
 * while sockd is being built.
 *
 * usage: print_verbs bash | zsh | table
 */
#include <stdio.h>
#include <string.h>

#include "ctl/ctl_table.h"

/* Only what comes first of two words; false if a row before has it too. */
static int first_word(size_t i, char *buf, size_t size)
{
	size_t len = strcspn(ctl_verbs[i].words, " ");

	snprintf(buf, size, "%.*s", (int)len, ctl_verbs[i].words);
	for (size_t k = 0; k < i; k++)
		if (strncmp(ctl_verbs[k].words, buf, len) == 0 &&
			(ctl_verbs[k].words[len] == ' ' ||
				ctl_verbs[k].words[len] == '\0'))
			return 0;
	return 1;
}

static void print_first_words(void)
{
	char word[64];

	for (size_t i = 0; i < CTL_N; i++)
		if (first_word(i, word, sizeof(word)))
			printf(" %s", word);
}

/* What is known of a verb's arguments: "--flag", "key=", levels of the log. */
static void print_arguments(const struct ctl_verb *verb)
{
	const char *equals, *at = verb->arguments;

	for (size_t len; *at; at += len, at += strspn(at, " ")) {
		len = strcspn(at, " ");
		equals = memchr(at, '=', len);
		if (equals)
			printf(" %.*s", (int)(equals - at), at + 1);
		else if (len > 3 && memcmp(at, "[--", 3) == 0)
			printf(" %.*s", (int)len - 2, at + 1);
		else if (len == 7 && memcmp(at, "[LEVEL]", 7) == 0)
			printf(" error warning notice info debug");
		else if (len == 9 && memcmp(at, "[VERB...]", 9) == 0)
			print_first_words();
	}
}

static void print_second_words(const char *word)
{
	size_t len = strlen(word);

	for (size_t i = 0; i < CTL_N; i++)
		if (strncmp(ctl_verbs[i].words, word, len) == 0 &&
			ctl_verbs[i].words[len] == ' ')
			printf(" %s", ctl_verbs[i].words + len + 1);
}

static void print_bash_cases(void)
{
	char word[64];

	for (size_t i = 0; i < CTL_N; i++) {
		printf("\t\"%s \"*) words='", ctl_verbs[i].words);
		print_arguments(&ctl_verbs[i]);
		puts("' ;;");
	}
	for (size_t i = 0; i < CTL_N; i++) {
		if (!first_word(i, word, sizeof(word)) ||
			!strchr(ctl_verbs[i].words, ' '))
			continue;
		printf("\t\"%s \") words='", word);
		print_second_words(word);
		puts("' ;;");
	}
	printf("\t'') words='-s --json --help --version");
	print_first_words();
	puts("' ;;");
}

/* The words before the one at the cursor, each with a blank behind it, choose
 * what may follow. */
static void print_bash(void)
{
	puts("# completions of sockctl(1) for bash; generated");
	puts("_sockctl()\n{");
	puts("\tlocal cur=${COMP_WORDS[COMP_CWORD]} before= words= i=1");
	puts("\tCOMPREPLY=()");
	puts("\tif [[ ${COMP_WORDS[COMP_CWORD-1]} == -s ]]; then");
	puts("\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")");
	puts("\t\treturn\n\tfi");
	puts("\twhile [[ $i -lt $COMP_CWORD && ${COMP_WORDS[i]} == -* ]]; do");
	puts("\t\t[[ ${COMP_WORDS[i]} == -s ]] && ((i++))");
	puts("\t\t((i++))\n\tdone");
	puts("\tfor ((; i < COMP_CWORD; i++)); do");
	puts("\t\tbefore+=\"${COMP_WORDS[i]} \"\n\tdone");
	puts("\tcase $before in");
	print_bash_cases();
	puts("\tesac");
	puts("\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")");
	puts("\t[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace");
	puts("\treturn 0\n}\ncomplete -F _sockctl sockctl");
}

static void print_zsh_cases(void)
{
	char word[64];

	for (size_t i = 0; i < CTL_N; i++) {
		printf("\t\t\"%s \"*) compadd -S '' --", ctl_verbs[i].words);
		print_arguments(&ctl_verbs[i]);
		puts(" ;;");
	}
	for (size_t i = 0; i < CTL_N; i++) {
		if (!first_word(i, word, sizeof(word)) ||
			!strchr(ctl_verbs[i].words, ' '))
			continue;
		printf("\t\t\"%s \") compadd --", word);
		print_second_words(word);
		puts(" ;;");
	}
}

static void print_zsh(void)
{
	char word[64];

	puts("#compdef sockctl\n# completions of sockctl(1) for zsh; "
	     "generated");
	puts("_sockctl() {\n\tlocal -a verbs\n\tverbs=(");
	for (size_t i = 0; i < CTL_N; i++)
		if (first_word(i, word, sizeof(word)))
			printf("\t\t'%s:%s'\n", word,
				strchr(ctl_verbs[i].words, ' ')
					? "go on showing"
					: ctl_verbs[i].help);
	puts("\t)");
	puts("\t_arguments -C '-s[the control socket]:socket:_files' \\");
	puts("\t\t'--json[answer as JSON]' '--help[print the usage]' \\");
	puts("\t\t'--version[print the version]' \\");
	puts("\t\t'1:verb:->verb' '*::argument:->argument'");
	puts("\tcase $state in\n\tverb) _describe verb verbs ;;");
	puts("\targument)");
	puts("\t\tcase \"${(j: :)words[1,CURRENT-1]} \" in");
	print_zsh_cases();
	puts("\t\tesac ;;\n\tesac\n}\n_sockctl \"$@\"");
}

int main(int argc, char **argv)
{
	const char *what = argc == 2 ? argv[1] : "";

	if (!strcmp(what, "bash"))
		print_bash();
	else if (!strcmp(what, "zsh"))
		print_zsh();
	else if (!strcmp(what, "table"))
		for (size_t i = 0; i < CTL_N; i++)
			printf("%s\t%s\t%s\n", ctl_verbs[i].words,
				ctl_verbs[i].arguments, ctl_verbs[i].help);
	else
		return 64;
	return 0;
}
