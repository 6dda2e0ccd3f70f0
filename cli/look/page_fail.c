/* What failed, in its own words, with the ends of the logs that were written meanwhile. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "cli/cli.h"
#include "cli/look/page.h"
#include "cli/look/story.h"
#include "cli/view/probe.h"
#include "cli/view/redact.h"

enum { FAIL_STEPS = 40, FAIL_LOGS = 12, LOG_BYTES = 16 << 10, LOG_LINES = 80 };

/* The host agent's words, then what the guest wrote. */
static const char *const fail_logs[] = { "ha.stderr.log", "serial.log", "serialp.log", "serialv.log", NULL };

struct failing {
	struct page *p;
	const struct story *s;
	struct redact *redact;
	size_t steps, logs;
	const char *told;	/* whose logs are shown already */
};

/* The last lines of a file that was written to during the run; what a NUL would cut is kept. */
static void
fail_tail(const struct story *s, const char *path, struct buf *out)
{
	struct stat st;
	size_t lines = 0, at;

	if (fs_read_end(path, out, LOG_BYTES, &st, NULL) < 0)
		return;
	if ((int64_t)st.st_mtim.tv_sec * 1000 + 1000 < s->began) {
		buf_truncate(out, 0);
		return;
	}
	for (char *nul; (nul = memchr(out->s, '\0', out->len));)
		*nul = ' ';
	for (at = out->len; at > 0; at--)
		if (out->s[at - 1] == '\n' && at != out->len && ++lines == LOG_LINES)
			break;
	memmove(out->s, out->s + at, out->len - at);
	buf_truncate(out, out->len - at);
}

/* Without what is called a secret, nor what looks like one. */
static bool
fail_clean(struct failing *f, const struct buf *log, struct buf *out)
{
	AUTO(buf) hidden = BUF_INIT;

	secrets_hide(&f->p->c->secrets, log->s, NULL, &hidden);
	return f->redact && redact_text(f->redact, hidden.s, hidden.len, out, NULL) == 0;
}

static void
fail_log(struct failing *f, const char *instance, const char *name)
{
	auto_free char *path = xasprintf("%s/%s/%s", f->p->c->env.home, instance, name);
	AUTO(buf) log = BUF_INIT, clean = BUF_INIT;

	fail_tail(f->s, path, &log);
	if (!log.len || !fail_clean(f, &log, &clean))
		return;
	buf_addf(f->p->out, "<details%s><summary>The end of <code>%s</code></summary><pre tabindex=\"0\" role=\"region\" aria-label=\"The end of %s\">%s</pre></details>\n",
		 f->logs++ ? "" : " open", page_esc(f->p, path), name, page_escn(f->p, clean.s, clean.len));
}

static void
fail_step(struct failing *f, const struct story_step *t)
{
	struct page *p = f->p;

	buf_addf(p->out, "<h3>%s</h3>\n<p>%s after %s%s.</p>\n", page_step_name(p, t), *t->error ? "Failed" : "Did not end: it was last heard of", page_seconds(p, t->ended - t->began),
		 *t->error ? "" : "; limactl was killed, or goes on");
	if (*t->error)
		buf_addf(p->out, "<pre tabindex=\"0\" role=\"region\" aria-label=\"What it said\">%s</pre>\n", page_esc(p, t->error));
	if (!*t->owner || f->logs >= FAIL_LOGS || (f->told && !strcmp(f->told, t->owner)) || !probe_answers(p->c, t->owner))
		return;
	f->told = t->owner;
	for (const char *const *name = fail_logs; *name; name++)
		fail_log(f, t->owner, *name);
}

void
page_failures(struct page *p, const struct story *s)
{
	struct failing f = { .p = p, .s = s };
	size_t all = 0;

	for (size_t i = 0; i < s->n; i++)
		all += *s->v[i].error || s->v[i].open;
	if (!all)
		return;
	f.redact = redact_new(NULL);
	buf_adds(p->out, "<section aria-labelledby=\"failures\">\n<h2 id=\"failures\">What failed</h2>\n");
	for (size_t i = 0; i < s->n && f.steps < FAIL_STEPS; i++)
		if (*s->v[i].error || s->v[i].open) {
			fail_step(&f, &s->v[i]);
			f.steps++;
		}
	if (all > f.steps)
		buf_addf(p->out, "<p>And %zu more, which the timeline marks.</p>\n", all - f.steps);
	buf_adds(p->out, "</section>\n");
	redact_free(f.redact);
}
