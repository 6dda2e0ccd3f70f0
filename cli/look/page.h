/*
 * cli/look/page.h - one HTML page that needs nothing else: no network, no script, no file beside it.
 *
 * All that is not ours goes through page_esc(). The page's own policy forbids scripts and everything from elsewhere, so that what
 * slipped through would still do nothing.
 */
#pragma once
#include <stdint.h>
#include "base/buf.h"
#include "base/mem.h"

struct cJSON;
struct cli;
struct story;
struct story_step;

struct page {
	struct cli *c;
	struct buf *out;
	struct arena a;		/* of what was escaped */
};

void page_release(struct page *p);	/* but for `out` */

/* For text and for attributes in double quotes; without what turns the direction of text, or would be obeyed by a terminal. */
const char *page_esc(struct page *p, const char *s);
const char *page_escn(struct page *p, const char *s, size_t n);
/* No more than so many characters, an ellipsis for the rest. */
const char *page_short(struct page *p, const char *s, size_t most);
const char *page_seconds(struct page *p, int64_t ms);	/* "0.31 s", "12.4 s", "2 min 5 s" */
const char *page_when(struct page *p, int64_t ms);	/* in UTC */

void page_begin(struct page *p, const char *title);
void page_figure(struct page *p, const char *term, const char *format, ...) __attribute__((format(printf, 3, 4)));
void page_head(struct page *p, const char *const *heads, const char *const *classes);	/* a table's; NULL-terminated, classes "" for none */
void page_host(struct page *p);
void page_end(struct page *p);

/* The whole pages. */
void page_of_run(struct page *p, const struct story *s);
void page_of_plan(struct page *p, const struct cJSON *file);

/* The parts of a run's page. */
const char *page_step_name(struct page *p, const struct story_step *t);	/* escaped */
void page_failures(struct page *p, const struct story *s);
void page_path(struct page *p, const struct story *s);
void page_timeline(struct page *p, const struct story *s);
void page_differences(struct page *p, const struct story *s);
