#include "cli/ssh/shell_script.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/quote/quote.h"

/* Length of the NAME in NAME=value; 0: it is no assignment. */
static size_t
shell_script_assignment(const char *word)
{
	static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	size_t len = strspn(word, name);

	return len && word[len] == '=' && !(word[0] >= '0' && word[0] <= '9') ? len : 0;
}

void
shell_words(struct buf *out, char *const *words, size_t n)
{
	bool assigning = true;

	for (size_t i = 0; i < n; i++) {
		size_t name = assigning ? shell_script_assignment(words[i]) : 0;

		if (i)
			buf_addc(out, ' ');
		assigning = name > 0;
		if (name)
			buf_add(out, words[i], name + 1);
		quote_shell(out, words[i] + (name ? name + 1 : 0));
	}
}

void
shell_script(struct buf *out, const struct shell_script *s)
{
	buf_addf(out, "%s ; exec ", s->change_dir);
	if (s->env && s->env[0]) {
		buf_adds(out, "env ");
		for (size_t i = 0; s->env[i]; i++) {
			quote_shell(out, s->env[i]);
			buf_addc(out, ' ');
		}
	}
	buf_addf(out, "%s -l", s->shell);
	if (s->nwords) {
		AUTO(buf) line = BUF_INIT;

		shell_words(&line, s->words, s->nwords);
		buf_adds(out, " -c ");
		quote_shell(out, line.s);
	}
}

void
shell_script_windows(struct buf *out, const struct shell_script *s)
{
	const char *base = s->shell + strlen(s->shell);
	bool quote = strpbrk(s->shell, " \t") && s->shell[0] != '"';

	while (base > s->shell && base[-1] != '/' && base[-1] != '\\')
		base--;
	buf_addf(out, quote ? "\"%s\"" : "%s", s->shell);
	if (s->nwords) {
		buf_addf(out, " %s \"", strcasecmp(base, "cmd.exe") == 0 ? "/c" : "-Command");
		shell_words(out, s->words, s->nwords);
		buf_addc(out, '"');
	}
}
