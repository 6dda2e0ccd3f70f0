/*
 * The log on stderr: logrus' three formats (text for files, text for terminals, JSON), which
 * wrappers of Lima parse. One write(2) a record, so that records of threads do not mix.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/quote/quote.h"
#include "cli/cli.h"
#include "cli/commands/start.h"

enum { FATAL = SAY_ERROR + 1, MAX_FIELDS = 12 };

static const struct { const char *name, *letters, *color; } levels[] = {
	[SAY_DEBUG] = { "debug", "DEBU", "2;36" },
	[SAY_INFO] = { "info", "INFO", "36" },
	[SAY_WARN] = { "warning", "WARN", "33" },
	[SAY_ERROR] = { "error", "ERRO", "31" },
	[FATAL] = { "fatal", "FATA", "31" },
};

static void
add_time(struct buf *b)
{
	time_t now = time(NULL);
	char text[64];
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	buf_adds(b, text);
	if (tm.tm_gmtoff == 0)
		buf_addc(b, 'Z');
	else
		buf_addf(b, "%c%02ld:%02ld", tm.tm_gmtoff < 0 ? '-' : '+', labs(tm.tm_gmtoff) / 3600,
			 labs(tm.tm_gmtoff) / 60 % 60);
}

/* logrus' text formatter leaves only these characters unquoted. */
static void
log_value_add(struct buf *b, const char *s)
{
	static const char bare[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/@^+";

	if (s[strspn(s, bare)])
		quote_go(b, s);
	else
		buf_adds(b, s);
}

static void
say_add_text(struct buf *b, int level, const struct say_field *fields, const char *msg)
{
	buf_adds(b, "time=\"");
	add_time(b);
	buf_addf(b, "\" level=%s", levels[level].name);
	if (*msg) {
		buf_adds(b, " msg=");
		log_value_add(b, msg);
	}
	for (; fields && fields->key; fields++) {
		buf_addf(b, " %s=", fields->key);
		log_value_add(b, fields->value);
	}
}

static void
add_json(struct buf *b, int level, const struct say_field *f, const char *msg)
{
	static const char *const own[] = { "level", "msg", "time", NULL };

	for (size_t i = 0; own[i] || (f && f->key);) {
		bool ours = !f || !f->key || (own[i] && strcmp(own[i], f->key) < 0);

		buf_addc(b, b->len ? ',' : '{');
		quote_json(b, ours ? own[i] : f->key, true);
		buf_addc(b, ':');
		if (!ours) {
			if (f->raw_json)
				buf_adds(b, f->value);
			else
				quote_json(b, f->value, true);
			f++;
			continue;
		}
		if (i == 2) {
			buf_addc(b, '"');
			add_time(b);
			buf_addc(b, '"');
		} else {
			quote_json(b, i == 0 ? levels[level].name : msg, true);
		}
		i++;
	}
	buf_addc(b, '}');
}

static void
add_terminal(const struct cli *c, struct buf *b, int level, const struct say_field *f, const char *msg)
{
	const char *on = c->color ? levels[level].color : NULL;
	AUTO(buf) clean = BUF_INIT;
	int len;

	quote_terminal(&clean, msg, strlen(msg));
	len = (int)clean.len;
	if (len && clean.s[len - 1] == '\n')
		len--;
	if (on)
		buf_addf(b, "\033[%sm", on);
	buf_adds(b, levels[level].letters);
	if (on)
		buf_adds(b, "\033[0m");
	buf_addf(b, "[%04d] %.*s", (int)((clock_ms() - c->began_ms) / 1000), len, clean.s);
	if (f && f->key && len < 44)
		buf_addf(b, "%*s", 44 - len, "");
	for (; f && f->key; f++) {
		buf_addf(b, on ? " \033[%sm%s\033[0m=" : " %s%s=", on ? on : "", f->key);
		log_value_add(b, f->value);
	}
}

static void
say_write(const struct buf *b)
{
	for (size_t done = 0; done < b->len;) {
		ssize_t n = write(STDERR_FILENO, b->s + done, b->len - done);

		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

/* What stands behind the first line of a message, as a list: in JSON nobody should have to cut it. */
static void
say_lines_json(struct buf *b, const char *rest)
{
	auto_free char *copy = xstrdup(rest);
	char *left = copy;

	buf_addc(b, '[');
	for (char *line; (line = strsep(&left, "\n"));) {
		line += strspn(line, " \t");
		if (!*line)
			continue;
		if (b->len > 1)
			buf_addc(b, ',');
		quote_json(b, line, true);
	}
	buf_addc(b, ']');
}

static void
say_json(struct buf *b, int level, const struct say_field *fields, const char *head, const char *rest)
{
	AUTO(buf) lines = BUF_INIT;
	struct say_field with[MAX_FIELDS + 2];
	size_t n = 0;
	bool put = !*rest;

	say_lines_json(&lines, rest);
	for (; fields && fields->key && n < MAX_FIELDS; fields++) {
		if (!put && strcmp("lines", fields->key) < 0) {
			with[n++] = (struct say_field){ "lines", lines.s, true };
			put = true;
		}
		with[n++] = *fields;
	}
	if (!put)
		with[n++] = (struct say_field){ "lines", lines.s, true };
	with[n] = (struct say_field){ 0 };
	add_json(b, level, with, head);
	buf_addc(b, '\n');
}

/* A record for each line of it: a record has no line breaks, and nobody reads escaped ones. */
static void
say_text(struct buf *b, int level, const struct say_field *fields, const char *head, char *rest)
{
	say_add_text(b, level, fields, head);
	buf_addc(b, '\n');
	for (char *line; (line = strsep(&rest, "\n"));) {
		line += strspn(line, " \t");
		if (!*line)
			continue;
		say_add_text(b, level, NULL, line);
		buf_addc(b, '\n');
	}
}

static void
say_open(const struct cli *c, int level, const struct say_field *fields, const char *msg)
{
	size_t end = strcspn(msg, "\n");
	auto_free char *head = xstrndup(msg, end), *rest = xstrdup(msg + end);
	AUTO(buf) b = BUF_INIT;

	if (level < c->log_level)
		return;
	if (c->log_json) {
		say_json(&b, level, fields, head, rest);
	} else if (c->stderr_tty) {
		add_terminal(c, &b, level, fields, msg);
		buf_addc(&b, '\n');
	} else {
		say_text(&b, level, fields, head, rest);
	}
	say_write(&b);
}

/* What a lima.yaml calls secret is in no record, neither in its message nor in its fields. */
static void
say_record(const struct cli *c, int level, const struct say_field *fields, const char *msg)
{
	struct say_field with[MAX_FIELDS + 1] = { 0 };
	AUTO(arena) a = { 0 };
	AUTO(buf) b = BUF_INIT;

	if (!c->secrets.n) {
		say_open(c, level, fields, msg);
		return;
	}
	for (size_t i = 0; fields && fields[i].key && i < MAX_FIELDS; i++) {
		buf_truncate(&b, 0);
		secrets_hide(&c->secrets, fields[i].value, NULL, &b);
		with[i] = (struct say_field){ fields[i].key, arena_strdup(&a, b.s ? b.s : ""), fields[i].raw_json };
	}
	buf_truncate(&b, 0);
	secrets_hide(&c->secrets, msg, NULL, &b);
	say_open(c, level, fields ? with : NULL, b.s);
}

void
cli_say(const struct env *env, enum level level, const char *fmt, ...)
{
	AUTO(buf) msg = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&msg, fmt, ap);
	va_end(ap);
	say_record(env->ctx, (int)level, NULL, msg.s);
}

void
cli_say_with(const struct cli *c, enum level level, const struct say_field *fields, const char *fmt, ...)
{
	AUTO(buf) msg = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&msg, fmt, ap);
	va_end(ap);
	say_record(c, (int)level, fields, msg.s);
}

/* The lines of an advice as one, without what parts it from the message: "; ", " (...)". */
static void
say_hint(struct buf *b, const char *text)
{
	auto_free char *copy = xstrdup(text + strspn(text, " ;,.\n\t"));
	bool bracket = *copy == '(' && copy[strlen(copy) - 1] == ')';
	char *left = copy + bracket;

	if (bracket)
		copy[strlen(copy) - 1] = '\0';
	for (char *line; (line = strsep(&left, "\n"));) {
		line += strspn(line, " \t");
		if (*line)
			buf_addf(b, "%s%s", b->len ? " " : "", line);
	}
}

void
cli_fatal(struct cli *c, const struct error *err)
{
	AUTO(buf) hint = BUF_INIT;
	auto_free char *msg = NULL;

	if (!c->log_json || !err->hint || err->hint >= strlen(err->msg)) {
		say_record(c, FATAL, NULL, err->msg);
		return;
	}
	msg = xstrndup(err->msg, err->hint);
	say_hint(&hint, err->msg + err->hint);
	say_record(c, FATAL, (const struct say_field[]){ { "hint", hint.s, false }, { 0 } }, msg);
}

void
cli_log_guess(struct cli *c, char *const *words)
{
	static const char name[] = "--log-format";
	size_t n = sizeof name - 1;
	const char *format = cli_str(c, name + 2);

	for (; *words && strcmp(*words, "--") != 0; words++) {
		if (strncmp(*words, name, n) != 0)
			continue;
		if ((*words)[n] == '=')
			format = *words + n + 1;
		else if (!(*words)[n] && words[1])
			format = words[1];
	}
	c->log_json = strcmp(format, "json") == 0;
}

int
cli_log_options(struct cli *c, struct error *err)
{
	static const struct { const char *name; int level; } known[] = {
		{ "panic", FATAL + 1 }, { "fatal", FATAL }, { "error", SAY_ERROR }, { "warn", SAY_WARN },
		{ "warning", SAY_WARN }, { "info", SAY_INFO }, { "debug", SAY_DEBUG }, { "trace", SAY_DEBUG },
	};
	const char *level = cli_str(c, "log-level"), *format = cli_str(c, "log-format");
	size_t i;

	/* first of all, so that whatever is wrong with the others is told in it */
	c->log_known = true;
	c->log_json = strcmp(format, "json") == 0;
	if (cli_bool(c, "debug"))
		c->log_level = SAY_DEBUG;
	if (*level) {
		for (i = 0; i < ARRAY_LEN(known) && strcasecmp(level, known[i].name) != 0; i++)
			;
		if (i == ARRAY_LEN(known)) {
			AUTO(buf) q = BUF_INIT;

			quote_go(&q, level);
			return error_set(err, ERR_INVALID, "not a valid logrus Level: %s", q.s);
		}
		c->log_level = known[i].level;
	}
	if (!c->log_json && strcmp(format, "text") != 0)
		return error_set(err, ERR_INVALID, "unsupported log-format: %s", cli_tick(c, format));
	c->env.debug = c->log_level == SAY_DEBUG;
	return 0;
}
