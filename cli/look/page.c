#include "cli/look/page.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/auto.h"
#include "base/quote/quote.h"
#include "base/utf8.h"
#include "cli/cli.h"
#include "cli/look/page_css.inc"

void
page_release(struct page *p)
{
	arena_release(&p->a);
}

const char *
page_escn(struct page *p, const char *s, size_t n)
{
	AUTO(buf) plain = BUF_INIT, out = BUF_INIT;
	auto_free char *whole = xstrndup(s, n);

	quote_terminal(&plain, whole, strlen(whole));
	quote_xml(&out, plain.s);
	return arena_memdup(&p->a, out.s, out.len);
}

const char *
page_esc(struct page *p, const char *s)
{
	return page_escn(p, s, strlen(s));
}

const char *
page_short(struct page *p, const char *s, size_t most)
{
	size_t n = 0, at = 0, cut = 0;

	for (; s[at]; n++) {
		uint32_t c;
		bool bad = false;

		if (n + 1 == most)
			cut = at;
		at += utf8_next(s + at, &c, &bad);
	}
	if (n <= most)
		return page_esc(p, s);
	return arena_printf(&p->a, "%s\u2026", page_escn(p, s, cut));
}

const char *
page_seconds(struct page *p, int64_t ms)
{
	double s = (double)ms / 1e3;

	if (ms < 10000)
		return arena_printf(&p->a, "%.2f s", s);
	if (ms < 100000)
		return arena_printf(&p->a, "%.1f s", s);
	return arena_printf(&p->a, "%" PRId64 " min %" PRId64 " s", ms / 60000, ms / 1000 % 60);
}

const char *
page_when(struct page *p, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[64] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return arena_strdup(&p->a, text);
}

void
page_begin(struct page *p, const char *title)
{
	buf_addf(p->out,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>%s</title>\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
		 "<meta name=\"generator\" content=\"limactl %s\">\n<style>\n%s</style>\n</head>\n<body>\n"
		 "<a class=\"skip\" href=\"#content\">To the contents</a>\n",
		 page_esc(p, title), page_esc(p, p->c->env.version), page_css);
}

void
page_figure(struct page *p, const char *term, const char *format, ...)
{
	AUTO(buf) b = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vaddf(&b, format, ap);
	va_end(ap);
	buf_addf(p->out, "<div><dt>%s</dt><dd>%s</dd></div>\n", page_esc(p, term), page_esc(p, b.s));
}

void
page_head(struct page *p, const char *const *heads, const char *const *classes)
{
	buf_adds(p->out, "<thead><tr>");
	for (size_t i = 0; heads[i]; i++)
		buf_addf(p->out, "<th scope=\"col\"%s%s%s>%s</th>", *classes[i] ? " class=\"" : "", classes[i], *classes[i] ? "\"" : "", heads[i]);
	buf_adds(p->out, "</tr></thead>\n<tbody>\n");
}

void
page_end(struct page *p)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	buf_addf(p->out, "</main>\n<footer><p>Made by limactl %s on %s. This page stands alone: no script, nothing from elsewhere.</p></footer>\n</body>\n</html>\n",
		 page_esc(p, p->c->env.version), page_when(p, (int64_t)now.tv_sec * 1000));
}
