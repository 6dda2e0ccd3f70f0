/* The page of a plan that was kept: what it would do, what that costs, and who waits for whom. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/size.h"
#include "cli/cli.h"
#include "cli/look/index.h"
#include "cli/look/page.h"
#include "cli/look/page_graph.h"

enum { PLAN_ROWS = 500, PLAN_NAMES = 8, PLAN_CHANGES = 40, PLAN_VALUE = 400, PLAN_DOWN = 100 };

static const char *
plan_get(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static double
plan_number(const cJSON *o, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, name);

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static const char *
plan_word(const cJSON *r)
{
	const cJSON *actions = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(r, "change"), "actions");
	const cJSON *first = cJSON_GetArrayItem(actions, 0);
	const char *word = cJSON_IsString(first) ? first->valuestring : "";

	if (cJSON_GetArraySize(actions) == 2)
		return "remake";
	return !strcmp(word, "update") ? "change" : !strcmp(word, "delete") ? "remove" : word;
}

static void
plan_figures(struct page *p, const cJSON *plan)
{
	static const char *const counts[][2] = { { "create", "To create" }, { "change", "To change" }, { "remake", "To remake" }, { "remove", "To remove" } };
	const cJSON *sum = cJSON_GetObjectItemCaseSensitive(plan, "summary"), *ms = cJSON_GetObjectItemCaseSensitive(plan, "estimate_ms");

	buf_adds(p->out, "<section aria-labelledby=\"summary\">\n<h2 id=\"summary\">Summary</h2>\n<dl class=\"figures\">\n");
	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		page_figure(p, counts[i][1], "%.0f", plan_number(sum, counts[i][0]));
	page_figure(p, "Estimated", "%s", cJSON_IsNumber(ms) ? page_seconds(p, (int64_t)ms->valuedouble) : "no figure yet");
	page_figure(p, "Machines down", "%d", cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(plan, "downtime")));
	page_figure(p, "Data that goes", "%s", size_text(&p->a, (uint64_t)plan_number(plan, "bytes_at_risk")));
	buf_adds(p->out, "</dl>\n");
	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(plan, "complete")))
		buf_adds(p->out, "<p class=\"failed\">The plan is not complete: it does not say all that apply would do.</p>\n");
	buf_adds(p->out, "</section>\n");
}

static const char *
plan_value(struct page *p, const cJSON *change, const char *name)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(change, name);

	return cJSON_IsString(v) ? arena_printf(&p->a, "<code>%s</code>", page_short(p, v->valuestring, PLAN_VALUE)) : "unset";
}

static void
plan_changes(struct page *p, const cJSON *list)
{
	const cJSON *k;
	int n = 0;

	if (!cJSON_GetArraySize(list))
		return;
	buf_adds(p->out, "<ul>");
	cJSON_ArrayForEach(k, list) {
		const char *key = plan_get(k, "key"), *cost = plan_get(k, "cost");

		if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(k, "before")) && !cJSON_IsString(cJSON_GetObjectItemCaseSensitive(k, "after")))
			continue;
		if (n++ == PLAN_CHANGES)
			break;
		buf_addf(p->out, "<li>%s: %s \u2192 %s", page_esc(p, *key ? key : plan_get(k, "attribute")), plan_value(p, k, "before"), plan_value(p, k, "after"));
		buf_addf(p->out, " <span class=\"soft\">(%s)</span></li>", page_esc(p, *cost ? cost : plan_get(k, "class")));
	}
	buf_adds(p->out, "</ul>");
	if (cJSON_GetArraySize(list) > PLAN_CHANGES)
		buf_addf(p->out, "<p>and %d more</p>", cJSON_GetArraySize(list) - PLAN_CHANGES);
}

struct plan_kind {
	const cJSON *first;
	size_t n;
	double bytes;
	struct buf names;
};

/* Those that are alike but for their names are one row. */
static const char *
plan_key(struct page *p, const cJSON *r)
{
	char *changes = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(r, "changes"));
	const char *key = arena_printf(&p->a, "%s\n%s\n%s\n%s\n%s", plan_word(r), plan_get(r, "type"), plan_get(r, "class"), plan_get(r, "why"), changes ? changes : "");

	cJSON_free(changes);
	return key;
}

static void
plan_take(struct page *p, struct plan_kind *k, const cJSON *r)
{
	if (!k->n++)
		*k = (struct plan_kind){ .first = r, .n = 1, .names = BUF_INIT };
	k->bytes += plan_number(r, "bytes_at_risk");
	if (k->n <= PLAN_NAMES)
		buf_addf(&k->names, "%s<bdi>%s</bdi>", k->n > 1 ? ", " : "", page_short(p, plan_get(r, "name"), 60));
}

static void
plan_row(struct page *p, const struct plan_kind *k)
{
	const cJSON *r = k->first;

	buf_addf(p->out, "<tr><td>%s</td><th scope=\"row\">%s</th><td>%s", page_esc(p, plan_word(r)), page_esc(p, plan_get(r, "type")), k->names.s);
	if (k->n > PLAN_NAMES)
		buf_addf(p->out, " and %zu more", k->n - PLAN_NAMES);
	buf_addf(p->out, "</td><td>%s</td><td>%s", page_esc(p, plan_get(r, "class")), page_short(p, plan_get(r, "why"), 400));
	plan_changes(p, cJSON_GetObjectItemCaseSensitive(r, "changes"));
	if (k->bytes > 0)
		buf_addf(p->out, "<p class=\"failed\">%s of data go with it</p>", size_text(&p->a, (uint64_t)k->bytes));
	buf_adds(p->out, "</td></tr>\n");
}

static void
plan_differences(struct page *p, const cJSON *list)
{
	static const char *const heads[] = { "Action", "What", "Names", "Class", "Why, and what differs", NULL };
	static const char *const classes[] = { "", "", "", "", "" };
	struct plan_kind *v = arena_alloc(&p->a, ((size_t)cJSON_GetArraySize(list) + 1) * sizeof *v);
	AUTO(index) alike = { 0 };
	const cJSON *r;
	size_t n = 0;

	cJSON_ArrayForEach(r, list) {
		size_t *at = index_at(&alike, plan_key(p, r), "");

		if (*at == INDEX_NEW)
			*at = n++;
		plan_take(p, &v[*at], r);
	}
	buf_adds(p->out, "<section aria-labelledby=\"differences\">\n<h2 id=\"differences\">Differences</h2>\n");
	if (!n)
		buf_adds(p->out, "<p>None: all is as wanted.</p>\n");
	buf_adds(p->out, "<div class=\"wide\"><table>\n<caption>What apply would do</caption>\n");
	page_head(p, heads, classes);
	for (size_t i = 0; i < n; i++) {
		if (i < PLAN_ROWS)
			plan_row(p, &v[i]);
		buf_release(&v[i].names);
	}
	buf_adds(p->out, "</tbody></table></div>\n");
	if (n > PLAN_ROWS)
		buf_addf(p->out, "<p>And %zu more: <code>limactl show</code> has them.</p>\n", n - PLAN_ROWS);
	buf_adds(p->out, "</section>\n");
}

static void
plan_downtime(struct page *p, const cJSON *list)
{
	static const char *const heads[] = { "Machine", "Down for about", "Median of so many runs", NULL };
	static const char *const classes[] = { "", "n", "n" };
	const cJSON *d;
	int n = 0;

	if (!cJSON_GetArraySize(list))
		return;
	buf_adds(p->out, "<section aria-labelledby=\"downtime\">\n<h2 id=\"downtime\">Downtime</h2>\n<div class=\"wide\"><table>\n<caption>Machines that go down and come up again</caption>\n");
	page_head(p, heads, classes);
	cJSON_ArrayForEach(d, list) {
		const cJSON *ms = cJSON_GetObjectItemCaseSensitive(d, "ms");

		if (n++ == PLAN_DOWN)
			break;
		buf_addf(p->out, "<tr><th scope=\"row\"><bdi>%s</bdi></th><td class=\"n\">%s</td><td class=\"n\">%.0f</td></tr>\n", page_short(p, plan_get(d, "instance"), 80),
			 cJSON_IsNumber(ms) ? page_seconds(p, (int64_t)ms->valuedouble) : "no figure yet", plan_number(d, "runs"));
	}
	buf_addf(p->out, "</tbody></table></div>\n");
	if (cJSON_GetArraySize(list) > PLAN_DOWN)
		buf_addf(p->out, "<p>And %d more.</p>\n", cJSON_GetArraySize(list) - PLAN_DOWN);
	buf_adds(p->out, "</section>\n");
}

static void
plan_header(struct page *p, const cJSON *file, const cJSON *plan)
{
	buf_addf(p->out, "<header>\n<h1>Plan of <bdi>%s</bdi></h1>\n<p>Made %s by limactl %s.</p>\n", page_esc(p, plan_get(file, "home")), page_esc(p, plan_get(file, "made")),
		 page_esc(p, plan_get(file, "limactl_version")));
	buf_adds(p->out, "<nav aria-label=\"Sections\"><ul><li><a href=\"#differences\">Differences</a></li>");
	if (cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(plan, "downtime")))
		buf_adds(p->out, "<li><a href=\"#downtime\">Downtime</a></li>");
	buf_adds(p->out, "<li><a href=\"#graph\">Graph</a></li><li><a href=\"#text\">As text</a></li><li><a href=\"#host\">Host</a></li></ul></nav>\n</header>\n"
			 "<main id=\"content\">\n");
}

void
page_of_plan(struct page *p, const cJSON *file)
{
	const cJSON *plan = cJSON_GetObjectItemCaseSensitive(file, "plan");

	page_begin(p, arena_printf(&p->a, "Plan of %s", plan_get(file, "home")));
	plan_header(p, file, plan);
	plan_figures(p, plan);
	plan_differences(p, cJSON_GetObjectItemCaseSensitive(plan, "resource_changes"));
	plan_downtime(p, cJSON_GetObjectItemCaseSensitive(plan, "downtime"));
	page_graph_of_plan(p, cJSON_GetObjectItemCaseSensitive(plan, "resource_changes"));
	buf_addf(p->out, "<section aria-labelledby=\"text\">\n<h2 id=\"text\">As text</h2>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"The plan as text\">%s</pre>\n</section>\n",
		 page_esc(p, plan_get(file, "text")));
	page_host(p);
	page_end(p);
}
