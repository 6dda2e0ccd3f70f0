/* An expression as words, by the table. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "state/desired/yq/parse.h"

struct token *
token_push(struct eval *e, struct tokens *l, struct token t)
{
	EVAL_GROW(e, l->v, l->n, l->cap);
	l->v[l->n++] = t;
	return &l->v[l->n - 1];
}

struct expr *
expr_make(struct eval *e, const struct operator *op, struct expr *lhs, struct expr *rhs)
{
	struct expr *x = eval_alloc(e, sizeof(*x));

	x->op = op;
	x->lhs = lhs;
	x->rhs = rhs;
	x->text = op->name;
	return x;
}

struct expr *
expr_of_node(struct eval *e, struct ynode *n)
{
	struct expr *x = expr_make(e, &op_reference, NULL, NULL);

	x->value = n;
	return x;
}

static struct token
token_of(struct lexer *l, const struct operator *op, size_t len)
{
	struct token t = { .kind = T_OP, .x = expr_make(l->e, op, NULL, NULL), .post = op->post, .at = (uint32_t)l->at };

	t.x->at = (uint32_t)l->at;
	t.x->text = eval_dup(l->e, l->text + l->at, len);
	return t;
}

/* --- words */

/* How long the word is that a pattern's way (up to `end`) finds; 0: it does not. */
static size_t
way_len(const char *p, const char *end, const char *s, const char **number)
{
	const char *from = s;

	for (; p < end; p++) {
		bool optional = p + 1 < end && p[1] == '?' && *p != '\\';

		if (*p == '#') {
			*number = s;
			if (!isdigit((unsigned char)*s))
				return 0;
			s += strspn(s, "0123456789");
			continue;
		}
		if (*p == '~') {
			s += strspn(s, " \t\n\r");
			continue;
		}
		if (*p == '\\')
			p++;
		if (*s == *p)
			s++;
		else if (!optional)
			return 0;
		p += optional;
	}
	return (size_t)(s - from);
}

static size_t
word_len(const char *pattern, const char *s, const char **number)
{
	for (const char *p = pattern; *p;) {
		const char *end = p;
		size_t n;

		while (*end && !(*end == '|' && end[1] && end > p && end[-1] != '\\'))
			end++;
		n = way_len(p, end, s, number);
		if (n)
			return n;
		p = *end ? end + 1 : end;
	}
	return 0;
}

static bool
lex_word(struct lexer *l)
{
	for (const struct yq_word *w = yq_words; w->pattern; w++) {
		const char *number = NULL;
		size_t n;
		struct token t;

		/* most words are passed over by their first letter */
		if (*w->pattern != l->text[l->at] && !strchr(w->pattern, '|'))
			continue;
		n = word_len(w->pattern, l->text + l->at, &number);
		if (!n)
			continue;
		t = token_of(l, w->op, n);
		t.assign = w->assign;
		t.x->flags = w->flags;
		if (number && w->flags & INDENT_GIVEN)
			t.x->flags = (w->flags & 0xff) | (atoi(number) & 0xff) << 8;
		else if (number)
			t.x->flags = atoi(number);
		t.x->update = w->op == &op_assign_comment && w->flags & COMMENT_UPDATE;
		t.x->traverse.keys = w->op == &op_descend && w->flags;
		token_push(l->e, &l->out, t);
		l->at += n;
		return true;
	}
	return false;
}

/* --- the rest */

static bool
lex_take(struct lexer *l, const char *sign)
{
	size_t n = strlen(sign);

	return strncmp(l->text + l->at, sign, n) == 0;
}

static void
lex_push(struct lexer *l, struct token t, size_t len)
{
	token_push(l->e, &l->out, t);
	l->at += len;
}

static bool
lex_bracket(struct lexer *l)
{
	static const struct { const char *sign; enum token_kind kind; bool post; } signs[] = {
		{ "(", T_OPEN, false }, { ")", T_CLOSE, true }, { ".[", T_INDEX, false }, { "[", T_OPEN_LIST, false },
		{ "]", T_CLOSE_LIST, true }, { "{", T_OPEN_MAP, false }, { "}", T_CLOSE_MAP, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		size_t n = strlen(signs[i].sign);
		struct token t = { .kind = signs[i].kind, .post = signs[i].post, .at = (uint32_t)l->at };

		if (!lex_take(l, signs[i].sign))
			continue;
		if (t.kind == T_CLOSE_LIST && l->text[l->at + 1] == '?') {
			t.optional = true;
			n++;
		}
		lex_push(l, t, n);
		return true;
	}
	return false;
}

/* \n and the like; \\( stays for the texts that have expressions in them */
static struct text
text_unescape(struct lexer *l, const char *s, size_t len)
{
	static const char from[] = "\"ntrfvba", to[] = "\"\n\t\r\f\v\b\a";
	struct text t = { .e = l->e };

	for (size_t i = 0; i < len; i++) {
		const char *p = s[i] == '\\' && i + 1 < len ? strchr(from, s[i + 1]) : NULL;

		if (s[i] == '\\' && i + 1 < len && s[i + 1] == '\\') {
			text_adds(&t, i + 2 < len && s[i + 2] == '(' ? "\\\\" : "\\");
			i++;
		} else if (p && *p) {
			text_addc(&t, to[p - from]);
			i++;
		} else {
			text_addc(&t, s[i]);
		}
	}
	text_end(&t);
	return t;
}

static bool
lex_string(struct lexer *l)
{
	const char *s = l->text + l->at;
	size_t n = 1;
	struct token t;
	struct text text;

	if (*s != '"')
		return false;
	while (s[n] && s[n] != '"')
		n += s[n] == '\\' && s[n + 1] && s[n + 1] != '\n' ? 2 : 1;
	if (!s[n])
		eval_fail(l->e, "column %zu: the text that begins here is never closed by a `\"`", l->at + 1);
	t = token_of(l, &op_string, n + 1);
	text = text_unescape(l, s + 1, n - 1);
	t.x->value = ynode_text(l->e, text.s, text.len);
	lex_push(l, t, n + 1);
	return true;
}

static bool
lex_path(struct lexer *l)
{
	const char *s = l->text + l->at;
	size_t n = 0;
	bool wrapped = s[1] == '"';
	struct token t;
	const char *key;

	if (*s != '.')
		return false;
	if (wrapped) {
		n = 2 + strcspn(s + 2, "\" ");
		wrapped = n > 2 && s[n] == '"';
		n += 1 + (s[n + wrapped] == '?');
	}
	if (!wrapped)
		n = 1 + strcspn(s + 1, " ;}{:[],|.()=\n!");
	if (n == 1) {
		lex_push(l, token_of(l, &op_self, 1), 1);
		return true;
	}
	t = token_of(l, &op_traverse, n);
	key = s + 1 + wrapped;
	t.x->traverse.optional = s[n - 1] == '?' && n > 2;
	t.x->text = eval_dup(l->e, key, n - 1 - t.x->traverse.optional - (wrapped ? 2 : 0));
	lex_push(l, t, n);
	return true;
}

static struct token
token_constant(struct lexer *l, const char *tag, size_t len)
{
	struct token t = token_of(l, &op_value, len);

	t.x->value = ynode_new(l->e, Y_SCALAR, tag, t.x->text);
	return t;
}

/* -?[1-9](\.\d+)?[Ee][-+]?\d+ and the like; 0: none */
static size_t
number_len(const char *s, const char **tag)
{
	size_t n = *s == '-', digits, e;

	*tag = "!!int";
	if (s[0] == '0' && tolower(s[1]) == 'x' && isxdigit((unsigned char)s[2]))
		return 2 + strspn(s + 2, "0123456789abcdefABCDEF");
	digits = strspn(s + n, "0123456789");
	if (!digits)
		return 0;
	e = n + 1;
	if (s[n] != '0' && s[e] == '.' && isdigit((unsigned char)s[e + 1]))
		e += 1 + strspn(s + e + 1, "0123456789");
	if (s[n] != '0' && tolower(s[e]) == 'e') {
		size_t sign = s[e + 1] == '-' || s[e + 1] == '+';

		if (isdigit((unsigned char)s[e + 1 + sign])) {
			*tag = "!!float";
			return e + 1 + sign + strspn(s + e + 1 + sign, "0123456789");
		}
	}
	n += digits;
	if (s[n] == '.' && isdigit((unsigned char)s[n + 1])) {
		*tag = "!!float";
		n += 1 + strspn(s + n + 1, "0123456789");
	}
	return n;
}

static bool
lex_constant(struct lexer *l)
{
	static const struct { const char *word, *tag; } words[] = {
		{ "true", "!!bool" }, { "false", "!!bool" }, { "null", "!!null" }, { "~", "!!null" },
	};
	const char *tag;
	size_t n = number_len(l->text + l->at, &tag);
	struct token t;
	long long i;
	char format;

	if (n) {
		t = token_constant(l, tag, n);
		if (strcmp(tag, "!!int") == 0 && !number_int(t.x->text, &i, &format))
			eval_fail(l->e, "column %zu: the number does not fit into 64 bits", l->at + 1);
		lex_push(l, t, n);
		return true;
	}
	for (size_t k = 0; k < ARRAY_LEN(words); k++) {
		n = strlen(words[k].word);
		if (strncasecmp(l->text + l->at, words[k].word, n) == 0) {
			lex_push(l, token_constant(l, words[k].tag, n), n);
			return true;
		}
	}
	return false;
}

static bool
lex_env(struct lexer *l)
{
	static const struct { const char *word; int flags; } words[] = { { "strenv(", ENV_TEXT }, { "env(", 0 } };
	struct token t;
	size_t n;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t head = strlen(words[i].word);
		const char *name = l->text + l->at + head;

		if (!lex_take(l, words[i].word))
			continue;
		n = strcspn(name, ")");
		if (!n || !name[n])
			return false;
		t = token_of(l, &op_env, head + n + 1);
		t.x->text = eval_dup(l->e, name, n);
		t.x->flags = words[i].flags;
		lex_push(l, t, head + n + 1);
		return true;
	}
	if (!lex_take(l, "envsubst"))
		return false;
	n = 8;
	t = token_of(l, &op_envsubst, n);
	if (l->text[l->at + 8] == '(' && strspn(l->text + l->at + 9, "neuf ,") && l->text[l->at + 9 + strspn(l->text + l->at + 9, "neuf ,")] == ')') {
		n += 2 + strspn(l->text + l->at + 9, "neuf ,");
		t = token_of(l, &op_envsubst, n);
		t.x->flags = (strstr(t.x->text, "ne") ? ENV_NO_EMPTY : 0) | (strstr(t.x->text, "nu") ? ENV_NO_UNSET : 0);
	}
	lex_push(l, t, n);
	return true;
}

static bool
lex_variable(struct lexer *l)
{
	const char *s = l->text + l->at;
	size_t n = 1;
	struct token t;

	if (*s != '$')
		return false;
	while (isalnum((unsigned char)s[n]) || (s[n] && strchr("_-", s[n])))
		n++;
	if (n == 1)
		return false;
	t = token_of(l, &op_variable, n);
	t.x->text = eval_dup(l->e, s + 1, n - 1);
	lex_push(l, t, n);
	return true;
}

/* = and |= with their flag, * and *= with theirs */
static bool
lex_assign(struct lexer *l)
{
	const char *s = l->text + l->at;
	size_t n = *s == '|' && s[1] == '=' ? 2 : *s == '=' && s[1] != '=' ? 1 : 0;
	struct token t;

	if (!n)
		return false;
	t = token_of(l, &op_assign, n + strspn(s + n, "c"));
	t.x->update = n == 2;
	t.x->assign = (struct assign_how){ .keep_anchor = true, .clobber_tags = s[n] == 'c' };
	lex_push(l, t, n + strspn(s + n, "c"));
	return true;
}

static bool
lex_multiply(struct lexer *l)
{
	const char *s = l->text + l->at;
	size_t n = 1 + (s[1] == '='), all;
	struct token t;

	if (*s != '*')
		return false;
	all = n + strspn(s + n, "+|?cdn");
	t = token_of(l, n == 2 ? &op_multiply_assign : &op_multiply, all);
	t.x->merge.append = strchr(t.x->text, '+');
	t.x->merge.deep = strchr(t.x->text, 'd');
	t.x->merge.assign.only_null = strchr(t.x->text, 'n');
	t.x->merge.assign.clobber_tags = strchr(t.x->text, 'c');
	t.x->merge.traverse = (struct traverse_how){ .no_alias = true, .read_only = strchr(t.x->text, '?') };
	lex_push(l, t, all);
	return true;
}

void
lex_all(struct lexer *l)
{
	while (l->at < l->len) {
		size_t blank = strspn(l->text + l->at, " \t\n\r");

		eval_step(l->e);
		if (blank) {
			l->at += blank;
			continue;
		}
		if (l->text[l->at] == '#') {
			l->at += strcspn(l->text + l->at, "\n");
			continue;
		}
		if (!lex_bracket(l) && !lex_variable(l) && !lex_constant(l) && !lex_string(l) && !lex_env(l) && !lex_assign(l) &&
		    !lex_multiply(l) && !lex_word(l) && !lex_path(l))
			lex_fail(l);
	}
}
