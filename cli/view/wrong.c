#include "cli/view/wrong.h"

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "base/error.h"
#include "cli/cli.h"
#include "reconciler/engine.h"

void
wrong_text(struct buf *out, const struct engine *e)
{
	for (size_t i = 0; i < e->nwrong; i++) {
		const struct request *a = &e->requests[e->nrequests + i];

		if (request_is_unknown(a))
			buf_addf(out, "  ? %s  (unknown: it does not answer, and is left as it is)\n", a->name);
		else
			buf_addf(out, "  ? %s  (not planned: %s)\n", a->name, a->wrong->msg);
	}
	if (e->nwrong)
		buf_addf(out, "Not complete: %zu of %zu instances could not be planned.\n", e->nwrong, e->nrequests + e->nwrong);
}

void
wrong_json(struct cJSON *root, const struct engine *e)
{
	cJSON *list = e->nwrong ? cJSON_AddArrayToObject(root, "errors") : NULL;

	for (size_t i = 0; i < e->nwrong; i++) {
		const struct request *a = &e->requests[e->nrequests + i];
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "instance", a->name);
		cJSON_AddStringToObject(o, "error", a->wrong->msg);
		if (request_is_unknown(a))
			cJSON_AddTrueToObject(o, "unknown");
		cJSON_AddItemToArray(list, o);
	}
}

int
wrong_say(struct cli *c, const struct engine *e, struct error *err)
{
	for (size_t i = 0; i < e->nwrong; i++)
		cli_say(&c->env, SAY_ERROR, "instance `%s`: %s", e->requests[e->nrequests + i].name, e->requests[e->nrequests + i].wrong->msg);
	return error_set(err, e->requests[e->nrequests].wrong->code, "%zu of %zu instances could not be planned, the first is `%s`", e->nwrong,
			 e->nrequests + e->nwrong, e->requests[e->nrequests].name);
}
