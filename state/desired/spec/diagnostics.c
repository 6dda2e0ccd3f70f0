/* Complaints and cautions: where, which key, what is wrong, what was meant. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "state/desired/spec/load.h"

enum { MAX_KEPT = 1000, MAX_TOLD = 100 };

void
val_path(const struct val *v, struct buf *out)
{
	if (!v || !v->up)
		return;
	val_path(v->up, out);
	if (v->index >= 0) {
		buf_addf(out, "[%d]", v->index);
		return;
	}
	if (out->len)
		buf_addc(out, '.');
	buf_adds(out, v->key->name);
}

static void
diagnostics_drop(void *ctx, const char *text)
{
	(void)ctx, (void)text;
}

void
spec_hush(struct spec_opts *opts)
{
	opts->warn = opts->complain = opts->debug = diagnostics_drop;
}

static const struct node *
diagnostics_place(const struct val *v)
{
	while (v && !v->at)
		v = v->up;
	return v ? v->at : NULL;
}

/* A report waits here until the others of its place are known. */
struct report {
	struct text_place place;
	const char *text;
	size_t n;		/* which one it was */
	bool fatal;
};

static void
diagnostics_keep(struct load *l, bool fatal, struct text_place place, const char *text)
{
	size_t *count = fatal ? &l->complaints : &l->cautions;

	if ((*count)++ >= MAX_KEPT)
		return;
	GROW(l->reports, l->nreports, l->reports_cap);
	l->reports[l->nreports] = (struct report){ place, text, l->nreports, fatal };
	l->nreports++;
}

static void
diagnostics_report(struct load *l, bool fatal, const struct val *up, const char *key, const struct node *at, const char *fmt, va_list ap)
{
	struct text_place place = at && at->src ? node_place(at) : source_place(l->src, 1, 1);
	AUTO(buf) b = BUF_INIT;
	AUTO(buf) path = BUF_INIT;

	val_path(up, &path);
	if (key && *key)
		buf_addf(&path, "%s%s", path.len && *key != '[' ? "." : "", key);
	buf_addf(&b, "%s:%u:%u: ", place.file, place.line, place.col);
	if (path.len)
		buf_addf(&b, "%s: ", path.s);
	buf_vaddf(&b, fmt, ap);
	/* A message is one line and has no control characters, since it may quote anything. */
	for (char *p = b.s; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = *p == '\n' || *p == '\t' ? ' ' : '?';
	diagnostics_keep(l, fatal, place, arena_strdup(l->a, b.s));
}

void
complain_text(struct load *l, const struct source *src, const char *text)
{
	diagnostics_keep(l, true, (struct text_place){ .file = src->name }, arena_strdup(l->a, text));
}

static int
compare_places(const void *x, const void *y)
{
	const struct report *a = x, *b = y;
	int c = strcmp(a->place.file, b->place.file);

	if (!c)
		c = (a->place.line > b->place.line) - (a->place.line < b->place.line);
	if (!c)
		c = (a->place.col > b->place.col) - (a->place.col < b->place.col);
	return c ? c : (a->n > b->n) - (a->n < b->n);
}

int
report_all(struct load *l)
{
	const struct spec_opts *o = l->opts;
	void (*complain_to)(void *ctx, const char *text) = !o->complain ? o->warn : l->complaints > 1 ? o->complain : NULL;
	size_t told[2] = { 0 };

	if (l->nreports)
		qsort(l->reports, l->nreports, sizeof *l->reports, compare_places);
	for (size_t i = 0; i < l->nreports; i++) {
		const struct report *r = &l->reports[i];

		if (told[r->fatal]++ >= MAX_TOLD)	/* nobody reads on */
			continue;
		if (r->fatal && told[true] == 1 && l->complaints > 1)
			error_set(l->err, ERR_INVALID, "%.900s (and %zu more)", r->text, l->complaints - 1);
		else if (r->fatal && told[true] == 1)
			error_set(l->err, ERR_INVALID, "%s", r->text);
		if (r->fatal && complain_to)
			complain_to(o->ctx, r->text);
		else if (!r->fatal && o->warn)
			o->warn(o->ctx, r->text);
	}
	free(steal(l->reports));
	l->nreports = l->reports_cap = 0;
	return l->complaints ? -1 : 0;
}

static void
report_val(struct load *l, bool fatal, const struct val *v, const char *key, const char *fmt, va_list ap)
{
	const struct val *sub = NULL;

	if (key && v && v->type == KEY_GROUP && !strpbrk(key, ".["))
		sub = val_get(v, key);
	diagnostics_report(l, fatal, v, key, sub && sub->at ? sub->at : diagnostics_place(v), fmt, ap);
}

void
diag_error(struct load *l, const struct val *v, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_val(l, true, v, key, fmt, ap);
	va_end(ap);
}

void
diag_warn(struct load *l, const struct val *v, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report_val(l, false, v, key, fmt, ap);
	va_end(ap);
}

void
diag_error_at(struct load *l, const struct val *up, const char *key, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diagnostics_report(l, true, up, key, n, fmt, ap);
	va_end(ap);
}

void
caution_at(struct load *l, const struct val *up, const char *key, const struct node *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diagnostics_report(l, false, up, key, n, fmt, ap);
	va_end(ap);
}

bool
is_strict_at(const struct load *l, const struct node *n)
{
	return l->opts->strict && n && n->src == l->src;
}

void
mistake_at(struct load *l, const struct val *up, const char *key, const struct node *n, const char *what, const char *hint)
{
	if (is_strict_at(l, n))
		diag_error_at(l, up, key, n, "%s%s", what, *hint ? hint : " (--lenient passes over it)");
	else
		caution_at(l, up, key, n, "%s, ignored%s", what, hint);
}

/* Ours for a word that other programs have for the same thing. */
static const char *
meant_word(const char *word, const char *words)
{
	static const struct { const char *theirs, *ours; } other[] = {
		{ "amd64", "x86_64" }, { "x64", "x86_64" }, { "arm64", "aarch64" }, { "armhf", "armv7l" }, { "ppc64el", "ppc64le" },
		{ "sshfs", "reverse-sshfs" }, { "kvm", "qemu" }, { "macOS", "Darwin" }, { "ram", "memory" }, { "vcpus", "cpus" },
		{ "volumes", "mounts" }, { "ports", "portForwards" }, { "forwards", "portForwards" }, { "scripts", "provision" },
		{ "source", "location" }, { "target", "mountPoint" }, { "readonly", "writable" }, { "url", "location" },
	};

	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		if (!strcasecmp(word, other[i].theirs) && word_in(other[i].ours, words))
			return other[i].ours;
	return NULL;
}

const char *
nearest_word(struct arena *a, const char *word, const char *words)
{
	struct nearest near = nearest_begin(word, strlen(word));
	const char *meant;

	for (const char *p = words; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		nearest_offer(&near, p, n);
		p += n;
	}
	meant = near.best ? NULL : meant_word(word, words);
	return meant ? meant : nearest_found(&near, a);
}

bool
word_in(const char *word, const char *words)
{
	size_t len = strlen(word);

	for (const char *p = words; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		if (n == len && !memcmp(p, word, n))
			return true;
		p += n;
	}
	return false;
}

const char *
words_text(struct arena *a, const char *words)
{
	AUTO(buf) b = BUF_INIT;

	for (const char *p = words; *p;) {
		size_t n = strcspn(p, " ");
		bool last = !p[n];

		buf_addf(&b, "%s`%.*s`", !b.len ? "" : last ? " or " : ", ", (int)n, p);
		p += n + !last;
	}
	return arena_strdup(a, b.s);
}
