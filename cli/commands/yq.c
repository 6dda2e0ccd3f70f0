/* limactl yq: what Lima's scripts use of the yq command, with yq's flags. Also when called as yq, yq.lima, ... */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/args/flags.h"
#include "cli/yq/yq_doc.h"
#include "state/desired/yq/yq.h"

enum { MOST_INPUT = 64 << 20 };

static const struct flag flags[] = {
	{ "colors", 'C', FLAG_BOOL, .about = "Colours, wherever the output goes" },
	{ "no-colors", 'M', FLAG_BOOL, .about = "No colours" },
	{ "no-doc", 'N', FLAG_BOOL, .about = "No --- between documents" },
	{ "exit-status", 'e', FLAG_BOOL, .about = "Exit with 1 if the last result is null or false, or there is none" },
	{ "expression", 0, FLAG_STRING, .about = "The expression" },
	{ "from-file", 0, FLAG_STRING, .about = "File with the expression" },
	{ "indent", 'I', FLAG_INT, "2", "Blanks a level; 0: JSON on one line" },
	{ "inplace", 'i', FLAG_BOOL, .about = "Change the file itself" },
	{ "input-format", 'p', FLAG_STRING, "auto", "yaml or json" },
	{ "null-input", 'n', FLAG_BOOL, .about = "Begin with null instead of an input" },
	{ "output-format", 'o', FLAG_STRING, "auto", "yaml or json" },
	{ "prettyPrint", 'P', FLAG_BOOL, .about = "Block style throughout, without comments" },
	{ "tojson", 'j', FLAG_BOOL, .about = "Same as -o json" },
	{ "unwrapScalar", 'r', FLAG_BOOL, "true", "Texts without quotes" },
	{ "verbose", 'v', FLAG_BOOL, .about = "Nothing, here" },
	{ "version", 'V', FLAG_BOOL, .about = "Show the version" },
	{ "help", 'h', FLAG_BOOL, .about = "Show this help" },
	{ "security-disable-env-ops", 0, FLAG_BOOL, .about = "No env(X), strenv(X)" },
	{ "security-disable-file-ops", 0, FLAG_BOOL, .about = "As it is anyway" },
	{ 0 },
};

struct call {
	struct cli *cli;
	struct flag_values values;
	char **args;
	int nargs;
	const char *expr;
	struct yq_style style;
	struct yq *q;
	struct buf out, last;
};

static bool
flag(const struct call *k, const char *name)
{
	return flags_long(&k->values, name, strlen(name))->b;
}

static const char *
text(const struct call *k, const char *name)
{
	return flags_long(&k->values, name, strlen(name))->s;
}

static int
format_of(const char *s, enum yq_format *out, struct error *err)
{
	if (strcmp(s, "json") == 0 || strcmp(s, "j") == 0)
		*out = YQ_JSON;
	else if (strcmp(s, "yaml") == 0 || strcmp(s, "y") == 0 || strcmp(s, "yml") == 0)
		*out = YQ_YAML;
	else
		return error_set(err, ERR_INVALID, "unknown format '%s', please use [yaml|json]", s);
	return 0;
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static int
choose_style(struct call *k, struct error *err)
{
	const char *in = text(k, "input-format"), *out = text(k, "output-format");
	struct yq_style *s = &k->style;

	s->in = k->nargs && ends_with(k->args[0], ".json") ? YQ_JSON : YQ_YAML;
	if (strcmp(in, "auto") != 0 && strcmp(in, "a") != 0 && format_of(in, &s->in, err) < 0)
		return -1;
	s->out = flag(k, "tojson") ? YQ_JSON : s->in;
	if (strcmp(out, "auto") != 0 && strcmp(out, "a") != 0 && format_of(out, &s->out, err) < 0)
		return -1;
	s->indent = (int)flags_long(&k->values, "indent", 6)->i;
	s->color = !flag(k, "no-colors") && (flag(k, "colors") || isatty(STDOUT_FILENO));
	/* by itself JSON keeps the quotes of a text */
	s->unwrap = flag(k, "unwrapScalar") && (s->out == YQ_YAML || flags_long(&k->values, "unwrapScalar", 12)->given);
	s->no_doc = flag(k, "no-doc");
	s->null_input = flag(k, "null-input");
	s->pretty = flag(k, "prettyPrint");
	return 0;
}

static bool
is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* The expression is the first argument, unless that is a file and there is no other. */
static int
choose_expr(struct call *k, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	k->expr = ".";
	if (*text(k, "expression")) {
		k->expr = text(k, "expression");
	} else if (*text(k, "from-file")) {
		if (fs_read_named(text(k, "from-file"), &b, MOST_INPUT, err) < 0)
			return -1;
		k->expr = arena_strdup(&k->cli->arena, b.s);
	} else if (k->nargs && !(k->nargs == 1 && !k->style.null_input && is_file(k->args[0]))) {
		k->expr = k->args[0];
		k->args++;
		k->nargs--;
	}
	buf_truncate(&b, 0);
	if (flag(k, "security-disable-env-ops"))
		return 0;
	if (yq_env(&b, k->expr, err) < 0)
		return -1;
	k->expr = arena_strdup(&k->cli->arena, b.s);
	return 0;
}

static int
read_stdin(struct buf *out, struct error *err)
{
	char room[1 << 14];
	ssize_t n;

	while ((n = read(STDIN_FILENO, room, sizeof room)) != 0) {
		if (n < 0 && errno != EINTR)
			return error_errno(err, "read stdin");
		if (out->len > MOST_INPUT)
			return error_set(err, EFBIG, "stdin has more than %d MiB", MOST_INPUT >> 20);
		if (n > 0)
			buf_add(out, room, (size_t)n);
	}
	return 0;
}

static int
one_input(struct call *k, const char *file, struct error *err)
{
	AUTO(buf) in = BUF_INIT;
	bool std = !file || strcmp(file, "-") == 0;

	if (!k->style.null_input && (std ? read_stdin(&in, err) : fs_read_named(file, &in, MOST_INPUT, err)) < 0)
		return -1;
	if (k->out.len && k->style.out == YQ_YAML && !k->style.no_doc)
		buf_adds(&k->out, "---\n");
	if (yq_documents(k->q, k->expr, &k->style, std ? "-" : file, in.s, in.len, &k->out, &k->last, err) < 0)
		return -1;
	if (!flag(k, "inplace") || std)
		return 0;
	if (fs_rewrite(file, k->out.s, k->out.len, 0644, err) < 0)
		return -1;
	buf_truncate(&k->out, 0);
	return 0;
}

static int
evaluate(struct call *k, struct error *err)
{
	struct error why = { 0 };

	if (choose_style(k, err) < 0 || choose_expr(k, err) < 0 || cli_lazy(k->cli, err) < 0)
		return -1;
	k->q = yq_open(k->expr, &why);
	if (!k->q)
		return error_set(err, ERR_INVALID, "%s%s", strstr(why.msg, "abled") ? "" : "invalid input: ", why.msg);
	if (k->nargs == 0 && one_input(k, NULL, err) < 0)
		return -1;
	for (int i = 0; i < k->nargs; i++)
		if (one_input(k, k->args[i], err) < 0)
			return -1;
	fwrite(k->out.s, 1, k->out.len, stdout);
	if (flag(k, "exit-status") && (!k->last.len || strcmp(k->last.s, "null") == 0 || strcmp(k->last.s, "false") == 0))
		return error_set(err, ENOENT, "no matches found");
	return 0;
}

static int
parse_and_run(struct call *k, char **words, int n, struct error *err)
{
	int dash;

	if (n && (strcmp(words[0], "eval") == 0 || strcmp(words[0], "e") == 0)) {
		words++;
		n--;
	}
	flags_add(&k->values, flags);
	if (flags_parse(&k->values, words, n, false, &k->nargs, &dash, err) < 0)
		return -1;
	k->args = words;
	if (flag(k, "version")) {
		printf("yq (limactl's, for expressions of https://github.com/mikefarah/yq/) version v4-lima-%s\n", k->cli->env.version);
		return 0;
	}
	if (flag(k, "help")) {
		puts("Usage: limactl yq [FLAGS] [EXPRESSION] [FILE...]\n\n`limactl help yq` tells more.");
		return 0;
	}
	return evaluate(k, err);
}

static int
run(struct cli *c, struct error *err)
{
	struct call k = { .cli = c, .out = BUF_INIT, .last = BUF_INIT };
	struct error why = { 0 };
	int r = parse_and_run(&k, c->args, c->nargs, &why);

	(void)err;
	if (k.q)
		yq_close(k.q);
	flag_values_release(&k.values);
	buf_release(&k.out);
	buf_release(&k.last);
	if (r < 0)
		fprintf(stderr, "Error: %s\n", why.msg);
	return r < 0 ? 1 : r;
}

const struct command command_yq = {
	.name = "yq",
	.group = GROUP_HIDDEN,
	.args = "[FLAGS] [EXPRESSION] [FILE...]",
	.about = "Evaluate yq expressions on YAML and JSON",
	.details = "What Lima's scripts use of the yq command; also when limactl is called by a name that begins with `yq`.\n"
		   "Expressions that read files or run programs are refused.",
	.example = "limactl yq .cpus lima.yaml\nlimactl yq -o json -I 0 . lima.yaml\nlimactl yq -i '.memory = \"4GiB\"' lima.yaml",
	.flags = flags,
	.raw = true,
	.light = true,
	.max_args = -1,
	.run = run,
};
