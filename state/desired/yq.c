#include "state/desired/yq.h"

#include <jq.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"

enum { MAX_RESULTS = 1000000 };

/* what yq has and jq has not, or has with another meaning */
static const char prelude[] =
	"def yq_key: [.] | tojson;"
	"def unique_by(f): reduce .[] as $x ({s:{},o:[]}; ($x|[f]|tojson) as $k | if .s[$k] then . else .s[$k]=true | .o+=[$x] end) | .o;"
	"def unique: unique_by(.);"
	"def keys: keys_unsorted;"
	"def to_string: tostring; def to_number: tonumber;"
	"def upcase: ascii_upcase; def downcase: ascii_downcase;"
	"def trim: if type==\"string\" then sub(\"^\\\\s+\";\"\") | sub(\"\\\\s+$\";\"\") else . end;"
	"def with(p; f): p |= f;"
	"def pick(ks): . as $in | reduce ks[] as $k (if type==\"array\" then [] else {} end; if ($in|has($k)) then "
	"if type==\"array\" then .+[$in[$k]] else .[$k]=$in[$k] end else . end);"
	"def omit(ks): delpaths([ks[]|[.]]);"
	"def filter(f): map(select(f));"
	"def contains_yq(x): contains(x);"
	"def sort_keys(f): f |= (if type==\"object\" then to_entries|sort_by(.key)|from_entries else . end);"
	"def explode(f): .; def tag: {\"null\":\"!!null\",\"boolean\":\"!!bool\",\"number\":\"!!int\",\"string\":\"!!str\","
	"\"array\":\"!!seq\",\"object\":\"!!map\"}[type];"
	"def kind: {\"array\":\"seq\",\"object\":\"map\"}[type] // \"scalar\";"
	"def to_json: tojson; def from_json: fromjson; def to_json(i): tojson; def from_yaml: fromjson;"
	"def yq_like($a;$b): if ($a|type)==($b|type) then"
	" if ($a|type)==\"string\" and ($b|test(\"[*?]\")) then"
	" ($a|test(\"^\" + ($b|gsub(\"(?<c>[.+^$(){}|\\\\[\\\\]\\\\\\\\])\";\"\\\\\\(.c)\")|gsub(\"[*]\";\".*\")|gsub(\"[?]\";\".\")) + \"$\"))"
	" else $a==$b end"
	" elif ($a|type)==\"null\" or ($b|type)==\"null\" then false"
	" elif ($a|type)==\"object\" or ($b|type)==\"object\" or ($a|type)==\"array\" or ($b|type)==\"array\" then false"
	" else ($a|tostring)==($b|tostring) end;";

static void
keep_first_error(void *ctx, jv msg)
{
	struct error *err = ctx;
	jv text = jv_is_valid(msg) && jv_get_kind(msg) == JV_KIND_STRING ? msg : jv_dump_string(msg, 0);

	if (!err->code)
		error_set(err, ERR_INVALID, "%.*s", (int)strcspn(jv_string_value(text), "\n"), jv_string_value(text));
	jv_free(text);
}

static int
run(jq_state *jq, jv input, int (*each)(void *ctx, const char *result, struct error *err), void *ctx, struct error *err)
{
	jv result;
	int rc = 0;
	size_t n = 0;

	jq_start(jq, input, 0);
	while (rc == 0 && jv_is_valid(result = jq_next(jq))) {
		jv text = jv_dump_string(result, 0);

		rc = n++ < MAX_RESULTS ? each(ctx, jv_string_value(text), err) : error_set(err, ERR_INVALID, "too many results");
		jv_free(text);
		result = jv_invalid();
	}
	if (rc == 0 && jv_invalid_has_msg(jv_copy(result))) {
		jv msg = jv_invalid_get_msg(jv_copy(result));

		rc = error_set(err, ERR_INVALID, "%s", jv_get_kind(msg) == JV_KIND_STRING ? jv_string_value(msg) : "failed");
		jv_free(msg);
	}
	jv_free(result);
	return rc;
}

struct yq {
	jq_state *jq;
	char *expr;
	struct error why;
};

struct yq *
yq_open(const char *expr, struct error *err)
{
	AUTO(buf) program = BUF_INIT;
	struct yq *q;

	buf_adds(&program, prelude);
	if (yq_translate(&program, expr, err) < 0)
		return NULL;
	q = xcalloc(1, sizeof *q);
	q->expr = xstrdup(expr);
	q->jq = jq_init();
	if (!q->jq)
		abort();
	jq_set_error_cb(q->jq, keep_first_error, &q->why);
	if (jq_compile(q->jq, program.s))
		return q;
	error_set(err, ERR_INVALID, "bad expression: `%s`: %s", expr, q->why.msg);
	yq_close(q);
	return NULL;
}

void
yq_close(struct yq *q)
{
	if (!q)
		return;
	jq_teardown(&q->jq);
	free(q->expr);
	free(q);
}

int
yq_run(struct yq *q, const char *json, int (*each)(void *ctx, const char *result, struct error *err), void *ctx,
       struct error *err)
{
	jv input = jv_parse(json);

	if (!jv_is_valid(input)) {
		jv_free(input);
		return error_set(err, ERR_INVALID, "the input is no JSON");
	}
	q->why = (struct error){ 0 };
	if (run(q->jq, input, each, ctx, &q->why) < 0)
		return error_set(err, ERR_INVALID, "`%s`: %s", q->expr, q->why.msg);
	return 0;
}

int
yq_eval(const char *json, const char *expr, int (*each)(void *ctx, const char *result, struct error *err), void *ctx, struct error *err)
{
	struct yq *q = yq_open(expr, err);
	int rc = q ? yq_run(q, json, each, ctx, err) : -1;

	yq_close(q);
	return rc;
}
