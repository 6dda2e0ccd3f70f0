#include "cli/menu/menu.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/jsonspan.h"
#include "base/proc.h"
#include "base/quote/quote.h"
#include "base/size.h"

enum { LIST_MS = 30000 };

void
menu_release(struct menu *m)
{
	arena_release(&m->mem);
}

const struct menu_row *
menu_chosen(const struct menu *m)
{
	return m->at < m->nshown ? m->shown[m->at] : NULL;
}

/* A file of the instance may say anything; the terminal gets letters alone. */
static const char *
row_text(struct arena *a, struct json_span v)
{
	AUTO(buf) b = BUF_INIT;
	const char *s = json_text(a, v);

	quote_terminal(&b, s, strcspn(s, "\n"));
	return arena_strdup(a, b.s);
}

static const char *
row_bytes(struct arena *a, struct json_span v)
{
	long long n = json_int(v, 0);

	return n > 0 ? size_text(a, n) : "";
}

static void
menu_row_read(struct arena *a, struct json_span v, struct menu_row *r)
{
	size_t first = 0;
	long long port = json_int(json_at(v, "sshLocalPort"), 0);

	*r = (struct menu_row){
		.name = row_text(a, json_at(v, "name")),
		.dir = json_text(a, json_at(v, "dir")),
		.status = row_text(a, json_at(v, "status")),
		.cpus = row_text(a, json_at(v, "cpus")),
		.memory = row_bytes(a, json_at(v, "memory")),
		.disk = row_bytes(a, json_at(v, "disk")),
		.arch = row_text(a, json_at(v, "arch")),
		.ssh = port > 0 ? arena_printf(a, "127.0.0.1:%lld", port) : "",
		.trouble = row_text(a, json_each(json_at(v, "errors"), &first, NULL)),
	};
}

static bool
row_has(const struct menu_row *r, const char *words)
{
	return !*words || strcasestr(r->name, words) || strcasestr(r->status, words);
}

static void
menu_filter(struct menu *m, const char *chosen)
{
	m->shown = arena_alloc(&m->mem, (m->n + 1) * sizeof *m->shown);
	m->nshown = 0;
	for (size_t i = 0; i < m->n; i++) {
		if (!row_has(&m->rows[i], m->words))
			continue;
		if (!strcmp(m->rows[i].name, chosen))
			m->at = m->nshown;
		m->shown[m->nshown++] = &m->rows[i];
	}
	menu_move(m, 0);
}

void
menu_find(struct menu *m)
{
	const struct menu_row *was = menu_chosen(m);

	menu_filter(m, was ? was->name : "");
}

void
menu_move(struct menu *m, long by)
{
	long at = (long)m->at + by, last = (long)m->nshown - 1;

	m->at = (size_t)(at < 0 || last < 0 ? 0 : at > last ? last : at);
}

static void
menu_take(struct menu *m, const struct buf *text)
{
	const struct menu_row *chosen = menu_chosen(m);
	auto_free char *was = xstrdup(chosen ? chosen->name : "");
	struct json_span all = { text->s, text->len }, v;
	size_t at = 0, room = 1;

	for (const char *p = text->s; *p; p++)
		room += *p == '\n';
	arena_release(&m->mem);
	m->rows = arena_alloc(&m->mem, room * sizeof *m->rows);
	m->n = 0;
	while (m->n < room && (v = json_next(all, &at)).p)
		menu_row_read(&m->mem, v, &m->rows[m->n++]);
	menu_filter(m, was);
}

int
menu_read(struct menu *m, struct error *err)
{
	AUTO(buf) text = BUF_INIT;
	const char *const argv[] = { m->limactl, "list", "--json", "--log-level=error", NULL };

	if (proc_run(argv, &(struct proc_opts){ .out = &text, .timeout_ms = LIST_MS }, err) < 0)
		return -1;
	menu_take(m, &text);
	return 0;
}
