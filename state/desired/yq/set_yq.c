/* Changes to a template that take a yq. */
#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "state/desired/spec/load.h"
#include "state/desired/yaml/set.h"
#include "state/desired/yq/yq.h"

struct last {
	struct buf text;
	size_t n;
};

static int
keep(void *ctx, const char *result, struct error *err)
{
	struct last *l = ctx;

	(void)err;
	buf_truncate(&l->text, 0);
	buf_adds(&l->text, result);
	l->n++;
	return 0;
}

int
set_by_yq(struct arena *a, struct node *root, const char *expr, struct error *err)
{
	struct last last = { .text = BUF_INIT };
	struct source *src = arena_alloc(a, sizeof *src);
	struct node *want;
	AUTO(buf) json = BUF_INIT;
	int rc;

	node_json(root, &json);
	rc = yq_eval(json.s, expr, keep, &last, err);
	if (rc == 0 && last.n != 1)
		rc = error_set(err, ERR_INVALID, "`%s` gives %zu results; one whole document is wanted", expr, last.n);
	*src = (struct source){ .name = "--set", .text = arena_memdup(a, last.text.s, last.text.len), .len = last.text.len };
	buf_release(&last.text);
	if (rc < 0 || yaml_read(&want, a, src, NULL, err) < 0)
		return -1;
	if (want->kind != NODE_MAP)
		return error_set(err, ERR_INVALID, "`%s` does not give a mapping, but a lima.yaml is one", expr);
	node_update(a, root, want);
	return 0;
}
