/* limactl yq: the yq command, with its flags. Also when called as yq, yq.lima, ... */
#include <ctype.h>
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
#include "cli/commands/yq_files.h"
#include "cli/view/json_pretty.h"
#include "cli/view/json_yaml.h"
#include "state/desired/yq/yq.h"

enum { MOST_INPUT = 64 << 20 };

static const struct flag flags[] = {
	{ "colors", 'C', FLAG_BOOL, .about = "Colours, wherever the output goes" },
	{ "no-colors", 'M', FLAG_BOOL, .about = "No colours" },
	{ "no-doc", 'N', FLAG_BOOL, .about = "No --- between documents" },
	{ "exit-status", 'e', FLAG_BOOL, .about = "Exit with 1 if the last result is null or false, or there is none" },
	{ "expression", 0, FLAG_STRING, .about = "The expression" },
	{ "from-file", 0, FLAG_STRING, .about = "File with the expression" },
	{ "front-matter", 'f', FLAG_STRING, .about = "The first file begins with YAML, as pages do: extract takes that alone, process leaves what follows as it is" },
	{ "header-preprocess", 0, FLAG_BOOL, "true", "Keep what stands before a document as it is" },
	{ "indent", 'I', FLAG_INT, "2", "Blanks a level; 0: JSON on one line" },
	{ "inplace", 'i', FLAG_BOOL, .about = "Change the file itself" },
	{ "input-format", 'p', FLAG_STRING, "auto", "yaml, json, props, csv, tsv, xml, base64 or uri" },
	{ "nul-output", '0', FLAG_BOOL, .about = "A NUL behind each result, where a line would end" },
	{ "null-input", 'n', FLAG_BOOL, .about = "Begin with null instead of an input" },
	{ "operators", 0, FLAG_BOOL, .about = "List the words of expressions, with examples" },
	{ "output-format", 'o', FLAG_STRING, "auto", "The same, and shell" },
	{ "prettyPrint", 'P', FLAG_BOOL, .about = "Block style throughout, without comments" },
	{ "split-exp", 's', FLAG_STRING, .about = "Each result into a file that this expression names; in it, $index counts" },
	{ "split-exp-file", 0, FLAG_STRING, .about = "File with that expression" },
	{ "tojson", 'j', FLAG_BOOL, .about = "Same as -o json" },
	{ "unwrapScalar", 'r', FLAG_BOOL, "true", "Texts without quotes" },
	{ "verbose", 'v', FLAG_BOOL, .about = "Nothing, here" },
	{ "version", 'V', FLAG_BOOL, .about = "Show the version" },
	{ "help", 'h', FLAG_BOOL, .about = "Show this help" },
	{ "security-disable-env-ops", 0, FLAG_BOOL, .about = "No env(X), strenv(X)" },
	{ "security-disable-file-ops", 0, FLAG_BOOL, .about = "As it is anyway" },
	{ 0 },
};

/* -P appends this to the expression. */
static const char pretty[] = "(... | (select(tag != \"!!str\"), select(tag == \"!!str\") | "
			     "select(test(\"(?i)^(y|yes|n|no|on|off)$\") | not))) style=\"\"";

struct call {
	struct cli *cli;
	struct flag_values values;
	char **args;
	int nargs;
	const char *expr;
	bool all, color;	/* all documents at once; in colours */
	int indent;
	struct yq_style style;
	struct yq *q, *names;
	struct buf out, rest;	/* `rest`: what stood behind the YAML at the head of the first file, and is to stay */
	struct yq_result result;
};

static bool
cmd_yq_flag(const struct call *k, const char *name)
{
	return flags_long(&k->values, name, strlen(name))->b;
}

static const char *
cmd_yq_text(const struct call *k, const char *name)
{
	return flags_long(&k->values, name, strlen(name))->s;
}

static int
cmd_yq_format_of(const char *s, enum yq_format *out, struct error *err)
{
	int f = yq_format_of(s);

	if (f < 0)
		return error_set(err, ERR_INVALID, "unknown format '%s' please use [yaml|y|json|j|props|p|csv|c|tsv|t|xml|x|base64|uri|shell|s]", s);
	*out = (enum yq_format)f;
	return 0;
}

static bool
is_auto(const char *s)
{
	return !*s || strcmp(s, "auto") == 0 || strcmp(s, "a") == 0;
}

/* The format follows from the file's extension; YAML is the default. */
static enum yq_format
format_of_file(const char *name)
{
	const char *dot = name ? strrchr(name, '.') : NULL;
	char end[16] = { 0 };
	int f;

	if (!dot || strchr(dot, '/') || strlen(dot + 1) >= sizeof end)
		return YQ_YAML;
	for (size_t i = 0; dot[1 + i]; i++)
		end[i] = (char)tolower((unsigned char)dot[1 + i]);
	f = yq_format_of(end);
	return f < 0 || !*end ? YQ_YAML : (enum yq_format)f;
}

static int
choose_style(struct call *k, struct error *err)
{
	const char *in = cmd_yq_text(k, "input-format"), *out = cmd_yq_text(k, "output-format");
	struct yq_style *s = &k->style;

	s->in = format_of_file(k->nargs ? k->args[0] : NULL);
	s->out = is_auto(in) ? s->in : YQ_YAML;
	if (!is_auto(in) && cmd_yq_format_of(in, &s->in, err) < 0)
		return -1;
	if (cmd_yq_flag(k, "tojson"))
		s->out = YQ_JSON;
	else if (!is_auto(out) && cmd_yq_format_of(out, &s->out, err) < 0)
		return -1;
	s->indent = k->indent = (int)flags_long(&k->values, "indent", 6)->i;
	if (s->indent < 0 || s->indent > 64)
		return error_set(err, ERR_INVALID, "an indent of %d is not of use", s->indent);
	k->color = !cmd_yq_flag(k, "no-colors") && (cmd_yq_flag(k, "colors") || (isatty(STDOUT_FILENO) && !cmd_yq_flag(k, "inplace")));
	if (k->color && s->out == YQ_JSON)
		s->indent = 0;	/* one result a line, to be coloured */
	/* JSON keeps the quotes of a text by default. */
	s->unwrap = s->out == YQ_YAML || s->out == YQ_PROPS;
	if (flags_long(&k->values, "unwrapScalar", 12)->given)
		s->unwrap = cmd_yq_flag(k, "unwrapScalar");
	s->no_doc = cmd_yq_flag(k, "no-doc");
	s->lead = cmd_yq_flag(k, "header-preprocess");
	s->nul = cmd_yq_flag(k, "nul-output");
	s->names = k->names;
	return 0;
}

static bool
cmd_yq_is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* The expression is the first argument, unless that is a file. */
static int
choose_expr(struct call *k, struct error *err)
{
	AUTO(buf) b = BUF_INIT;

	k->expr = cmd_yq_text(k, "expression");
	if (*cmd_yq_text(k, "from-file")) {
		if (fs_read_named(cmd_yq_text(k, "from-file"), &b, MOST_INPUT, err) < 0)
			return -1;
		k->expr = arena_strdup(&k->cli->arena, b.s);
	} else if (!*k->expr && k->nargs && strcmp(k->args[0], "-") != 0 && !cmd_yq_is_file(k->args[0])) {
		k->expr = k->args[0];
		k->args++;
		k->nargs--;
	}
	if (cmd_yq_flag(k, "prettyPrint"))
		k->expr = *k->expr ? arena_printf(&k->cli->arena, "%s | %s", k->expr, pretty) : pretty;
	return 0;
}

static int
cmd_yq_read_stdin(struct buf *out, struct error *err)
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
read_input(struct call *k, int i, struct buf *in, struct error *err)
{
	const char *file = k->nargs ? k->args[i] : "-", *front = cmd_yq_text(k, "front-matter");

	if ((strcmp(file, "-") == 0 ? cmd_yq_read_stdin(in, err) : fs_read_named(file, in, MOST_INPUT, err)) < 0)
		return -1;
	if (i == 0 && *front)
		yq_front_cut(in, strcmp(front, "process") == 0 ? &k->rest : NULL);
	return 0;
}

/* Files one by one, each document by itself. */
static int
evaluate_each(struct call *k, struct error *err)
{
	for (int i = 0; i < (k->nargs ? k->nargs : 1); i++) {
		AUTO(buf) b = BUF_INIT;
		struct yq_input in = { .name = k->nargs ? k->args[i] : "-" };

		if (read_input(k, i, &b, err) < 0)
			return -1;
		in.text = b.s;
		in.len = b.len;
		if (yq_documents(k->q, &k->style, &in, (unsigned)i, &k->result, err) < 0)
			return -1;
		if (i == 0)
			buf_add(&k->out, k->rest.s, k->rest.len);
	}
	return k->result.documents ? 0 : yq_on_nothing(k->q, &k->style, &k->result, err);
}

static int
evaluate_all(struct call *k, struct error *err)
{
	int n = k->nargs ? k->nargs : 1, rc = 0;
	struct yq_input *in = xcalloc((size_t)n, sizeof *in);
	struct buf *b = xcalloc((size_t)n, sizeof *b);

	for (int i = 0; i < n; i++)
		b[i] = (struct buf)BUF_INIT;
	for (int i = 0; i < n && rc == 0; i++) {
		rc = read_input(k, i, &b[i], err);
		in[i] = (struct yq_input){ k->nargs ? k->args[i] : "-", b[i].s, b[i].len };
	}
	if (rc == 0)
		rc = yq_together(k->q, &k->style, in, (size_t)n, &k->result, err);
	if (rc == 0)
		buf_add(&k->out, k->rest.s, k->rest.len);
	for (int i = 0; i < n; i++)
		buf_release(&b[i]);
	free(b);
	free(in);
	return rc;
}

static void
print_colored(struct call *k)
{
	AUTO(buf) out = BUF_INIT;

	if (k->style.out == YQ_YAML)
		yaml_color(&out, k->out.s);
	for (char *p = k->out.s; k->style.out == YQ_JSON && *p;) {
		char *end = strchr(p, '\n');

		if (end)
			*end = '\0';
		json_pretty(&out, p, k->indent, true);
		buf_addc(&out, '\n');
		p = end ? end + 1 : p + strlen(p);
	}
	cli_print_colored(stdout, out.s, out.len);
}

/* Words that do not go together. */
static int
cmd_yq_check(const struct call *k, struct error *err)
{
	const char *front = cmd_yq_text(k, "front-matter");

	if (cmd_yq_flag(k, "null-input") && k->nargs)
		return error_set(err, ERR_INVALID, "cannot pass files in when using null-input flag");
	if (cmd_yq_flag(k, "inplace") && (!k->nargs || strcmp(k->args[0], "-") == 0))
		return error_set(err, ERR_INVALID, "write in place flag only applicable when giving an expression and at least one file");
	if (cmd_yq_flag(k, "inplace") && k->names)
		return error_set(err, ERR_INVALID, "write in place cannot be used with split file");
	if (*front && strcmp(front, "extract") != 0 && strcmp(front, "process") != 0)
		return error_set(err, ERR_INVALID, "--front-matter is extract or process, not '%s'", front);
	if (*front && !k->nargs)
		return error_set(err, ERR_INVALID, "front matter flag only applicable when giving an expression and at least one file");
	return 0;
}

static int
cmd_yq_open_names(struct call *k, enum yq_flags may, struct error *err)
{
	const char *expr = cmd_yq_text(k, "split-exp"), *file = cmd_yq_text(k, "split-exp-file");
	AUTO(buf) b = BUF_INIT;

	if (*file) {
		if (fs_read_named(file, &b, MOST_INPUT, err) < 0)
			return -1;
		expr = b.s;
	}
	if (*expr && !(k->names = yq_open(expr, may, err)))
		return error_wrap(err, "the names of files");
	return 0;
}

static int
cmd_yq_write(struct call *k, struct error *err)
{
	if (k->names)
		return yq_parts_write(&k->result, k->style.out, err);
	if (cmd_yq_flag(k, "inplace"))
		return fs_rewrite(k->args[0], k->out.s, k->out.len, 0644, err);
	if (k->color && (k->style.out == YQ_YAML || k->style.out == YQ_JSON))
		print_colored(k);
	else
		cli_print_colored(stdout, k->out.s, k->out.len);
	return 0;
}

static int
cmd_yq_evaluate(struct call *k, struct error *err)
{
	enum yq_flags may = cmd_yq_flag(k, "security-disable-env-ops") ? 0 : YQ_MAY_ENV;
	int rc, wrote;

	if (cmd_yq_open_names(k, may, err) < 0 || choose_expr(k, err) < 0 || choose_style(k, err) < 0 || cmd_yq_check(k, err) < 0 ||
	    !(k->q = yq_open(k->expr, may, err)))
		return -1;
	k->result.out = &k->out;
	rc = cmd_yq_flag(k, "null-input") ? yq_on_nothing(k->q, &k->style, &k->result, err) : k->all ? evaluate_all(k, err) : evaluate_each(k, err);
	if (rc < 0 && (k->names || cmd_yq_flag(k, "inplace")))
		return -1;
	wrote = cmd_yq_write(k, rc < 0 ? NULL : err);
	if (rc < 0 || wrote < 0)
		return -1;
	if (cmd_yq_flag(k, "exit-status") && !k->result.any)
		return error_set(err, ENOENT, "no matches found");
	return 0;
}

static int
parse_and_run(struct call *k, char **words, int n, struct error *err)
{
	int dash;

	if (n && (strcmp(words[0], "eval") == 0 || strcmp(words[0], "e") == 0 || strcmp(words[0], "eval-all") == 0 || strcmp(words[0], "ea") == 0)) {
		k->all = strchr(words[0], 'a') && strcmp(words[0], "eval") != 0;
		words++;
		n--;
	}
	flags_add(&k->values, flags);
	if (flags_parse(&k->values, words, n, false, &k->nargs, &dash, err) < 0)
		return -1;
	k->args = words;
	if (cmd_yq_flag(k, "version")) {
		printf("yq (limactl's, for expressions of https://github.com/mikefarah/yq/) version v4-lima-%s\n", k->cli->env.version);
		return 0;
	}
	if (cmd_yq_flag(k, "operators")) {
		yq_list_words(&k->out);
		fputs(k->out.s, stdout);
		return 0;
	}
	if (cmd_yq_flag(k, "help")) {
		puts("Usage: limactl yq [FLAGS] [EXPRESSION] [FILE...]\n\n`limactl help yq` tells more.");
		return 0;
	}
	return cmd_yq_evaluate(k, err);
}

static int
cmd_yq_run(struct cli *c, struct error *err)
{
	struct call k = { .cli = c, .out = BUF_INIT, .rest = BUF_INIT };
	struct error why = { 0 };
	int r = parse_and_run(&k, c->args, c->nargs, &why);

	(void)err;
	yq_close(k.q);
	yq_close(k.names);
	yq_parts_release(&k.result);
	buf_release(&k.rest);
	flag_values_release(&k.values);
	buf_release(&k.out);
	if (r < 0)
		cli_print(stderr, arena_printf(&c->arena, "Error: %s\n", why.msg), strlen(why.msg) + strlen("Error: \n"));
	return r < 0 ? 1 : r;
}

const struct command command_yq = {
	.name = "yq",
	.group = GROUP_HIDDEN,
	.args = "[FLAGS] [EXPRESSION] [FILE...]",
	.about = "Evaluate yq expressions on YAML, JSON and others",
	.details = "The yq command, version 4; also when limactl is called by a name that begins with `yq`. `limactl yq ea` takes\n"
		   "all documents at once, `limactl yq --operators` lists the words. Expressions that read files are refused.",
	.example = "limactl yq .cpus lima.yaml\nlimactl yq -o json -I 0 . lima.yaml\nlimactl yq -i '.memory = \"4GiB\"' lima.yaml",
	.flags = flags,
	.raw = true,
	.light = true,
	.max_args = -1,
	.run = cmd_yq_run,
};
