/* What people write who know jq, and what to write instead. */
#include <ctype.h>
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/parse.h"

static const struct { const char *word, *hint; } habits[] = {
	{ "if then else elif end", "use `select`, `//` or `with`" },
	{ "def", "there are no functions; repeat the expression, or use a variable: `... as $x | ...`" },
	{ "try catch", "use `//`" },
	{ "startswith", "use `test(\"^...\")`, or `== \"...*\"`" },
	{ "endswith", "use `test(\"...$\")`, or `== \"*...\"`" },
	{ "ltrimstr rtrimstr gsub", "use `sub(PATTERN; BY)`, which replaces all matches" },
	{ "reduce foreach", "use `... as $x ireduce (BEGIN; STEP)`" },
	{ "recurse walk", "use `..`" },
	{ "getpath paths leaf_paths", "use `..` and `path`" },
	{ "add", "use `.[] as $x ireduce (0; . + $x)`" },
	{ "empty", "use `select(false)`" },
	{ "range limit until while repeat", "there are no loops by number; go over entries by `.[]`" },
	{ "inside", "use `contains` the other way round" },
	{ "to_array tostream index indices splits ascii", "`limactl yq --operators` lists what there is" },
	{ "$ENV input inputs input_filename import include halt debug stderr", "what reads the environment or files is not for expressions" },
};

static bool
is_habit(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; (p = strstr(p, word)); p += n)
		if ((p == words || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

void
lex_fail(struct lexer *l)
{
	size_t from = l->at, to = l->at;
	const char *s = l->text;
	char word[40];

	if (isalnum((unsigned char)s[from]) || s[from] == '_')
		while (from > 0 && (isalnum((unsigned char)s[from - 1]) || s[from - 1] == '_'))
			from--;
	while (isalnum((unsigned char)s[to]) || s[to] == '_' || (to == from && s[to] == '$'))
		to++;
	if (to == from)
		to += s[to] != '\0';
	if (to - from < sizeof word) {
		memcpy(word, s + from, to - from);
		word[to - from] = '\0';
		for (size_t i = 0; i < ARRAY_LEN(habits); i++)
			if (is_habit(habits[i].word, word))
				eval_fail(l->e, "column %zu: `%s` is not in yq; %s", from + 1, word, habits[i].hint);
	}
	if (isalpha((unsigned char)s[from]))	/* `.cpus = two` */
		eval_fail(l->e, "column %zu: invalid input `%.*s`: expected an operator or a value; text stands in quotes: \"%.*s\"", from + 1,
			  (int)(to - from), s + from, (int)(to - from), s + from);
	eval_fail(l->e, "column %zu: invalid input `%.*s`: expected an operator or a value", from + 1, (int)(to - from), s + from);
}
