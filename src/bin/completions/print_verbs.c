/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints the table of control verbs as a shell wants it: completions for bash
 * and zsh, and `table` for the test that compares it with the manual. Runs
 * while sockd is being built.
 *
 * usage: print_verbs bash | zsh | table
 */
#include <stdbool.h>
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

/* The "key=" among a verb's arguments, behind which there is no blank. */
static void print_keys(const struct ctl_verb *verb)
{
	const char *equals, *at = verb->arguments;

	for (size_t len; *at; at += len, at += strspn(at, " ")) {
		len = strcspn(at, " ");
		equals = memchr(at, '=', len);
		if (equals)
			printf(" %.*s", (int)(equals - at), at + 1);
	}
}

/* What else is known of them: "--flag", levels of the log, verbs. */
static void print_arguments(const struct ctl_verb *verb)
{
	const char *at = verb->arguments;

	for (size_t len; *at; at += len, at += strspn(at, " ")) {
		len = strcspn(at, " ");
		if (len > 3 && memcmp(at, "[--", 3) == 0)
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
		print_keys(&ctl_verbs[i]);
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
	printf("\t'') words='--socket --json --help --version");
	print_first_words();
	puts("' ;;");
}

/* Steps over the options, whose words are no verbs, or completes the path of
 * the socket. An "=" is a word of its own to bash. */
static void print_bash_options(void)
{
	puts("\tfor ((; i < COMP_CWORD; i++)); do");
	puts("\t\tcase ${COMP_WORDS[i]} in");
	puts("\t\t-s | -js | --socket)");
	puts("\t\t\t[[ ${COMP_WORDS[i+1]} == \"=\" ]] && ((i++))");
	puts("\t\t\tif ((i + 1 >= COMP_CWORD)); then");
	puts("\t\t\t\tcompopt -o filenames");
	puts("\t\t\t\tmapfile -t COMPREPLY < <("
	     "compgen -f -- \"${cur#=}\")");
	puts("\t\t\t\treturn 0\n\t\t\tfi");
	puts("\t\t\t((i++)) ;;\n\t\t-*) ;;\n\t\t*) break ;;");
	puts("\t\tesac\n\tdone");
}

/* The words before the one at the cursor, each with a blank behind it, choose
 * what may follow. */
static void print_bash(void)
{
	puts("# completions of sockctl(1) for bash; generated");
	puts("_sockctl()\n{");
	puts("\tlocal cur=${COMP_WORDS[COMP_CWORD]} before= words= i=1");
	puts("\tCOMPREPLY=()");
	print_bash_options();
	puts("\tfor ((; i < COMP_CWORD; i++)); do");
	puts("\t\tbefore+=\"${COMP_WORDS[i]} \"\n\tdone");
	puts("\tcase $before in");
	print_bash_cases();
	puts("\tesac");
	puts("\t[[ \"$cur ${COMP_WORDS[COMP_CWORD-1]} \" == *'= '* ]] && "
	     "words=");
	puts("\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")");
	puts("\t[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace");
	puts("\treturn 0\n}\ncomplete -F _sockctl sockctl");
}

static void print_zsh_cases(void)
{
	char word[64];

	for (size_t i = 0; i < CTL_N; i++) {
		printf("\t\t\"%s \"*) compadd -S '' --", ctl_verbs[i].words);
		print_keys(&ctl_verbs[i]);
		printf("; compadd --");
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

/* `without` are those that it does not go with. */
static void print_zsh_option(
	const char *without, const char *option, const char *help)
{
	bool takes_path = strstr(without, "socket") != NULL;

	printf("\t\t'%s%s[%s]%s' \\\n", without, option, help,
		takes_path ? ":socket:_files" : "");
}

static void print_zsh(void)
{
	char word[64];

	puts("#compdef sockctl\n# completions of sockctl(1) for zsh; "
	     "generated");
	puts("_sockctl() {\n\tlocal context state state_descr line\n"
	     "\ttypeset -A opt_args\n\tlocal -a verbs\n\tverbs=(");
	for (size_t i = 0; i < CTL_N; i++)
		if (first_word(i, word, sizeof(word)))
			printf("\t\t'%s:%s'\n", word,
				strchr(ctl_verbs[i].words, ' ')
					? "go on showing"
					: ctl_verbs[i].help);
	puts("\t)");
	puts("\t_arguments -s -C \\");
	print_zsh_option("(-s --socket)", "-s+", "the control socket");
	print_zsh_option("(-s --socket)", "--socket=", "the control socket");
	print_zsh_option("(-j --json)", "-j", "answer as JSON");
	print_zsh_option("(-j --json)", "--json", "answer as JSON");
	print_zsh_option("(- *)", "-h", "print the usage");
	print_zsh_option("(- *)", "--help", "print the usage");
	print_zsh_option("(- *)", "-V", "print the version");
	print_zsh_option("(- *)", "--version", "print the version");
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
