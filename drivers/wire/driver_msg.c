#include "drivers/wire/driver_msg.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/wire/ga_msg.h"
#include "guest/wire/pb.h"

/* What the fields 1 and 2 may be. */
struct fields {
	enum pb_type type[2];
	struct pb_field f[2];
	bool there[2];
};

static int
driver_msg_read(const uint8_t *p, size_t len, struct fields *out, struct error *err)
{
	struct pb_reader r = { .p = p, .end = p + len };
	struct pb_field f;

	while (pb_next(&r, &f)) {
		size_t i = f.number - 1;

		if (i >= ARRAY_LEN(out->f))
			continue;
		if (f.type != out->type[i] || out->there[i])
			return error_set(err, EPROTO, "a message whose field %u is not what it has to be", f.number);
		out->f[i] = f;
		out->there[i] = true;
	}
	return r.bad ? error_set(err, EPROTO, "a damaged message") : 0;
}

int
driver_msg_bytes(const uint8_t *p, size_t len, const char **out, size_t *n, struct error *err)
{
	struct fields f = { .type = { PB_BYTES, PB_BYTES } };

	if (driver_msg_read(p, len, &f, err) < 0)
		return -1;
	*out = f.there[0] ? (const char *)f.f[0].p : "";
	*n = f.there[0] ? f.f[0].len : 0;
	return 0;
}

int
driver_msg_start(const uint8_t *p, size_t len, bool *success, char why[256], struct error *err)
{
	struct fields f = { .type = { PB_VARINT, PB_BYTES } };

	if (driver_msg_read(p, len, &f, err) < 0)
		return -1;
	*success = f.there[0] && f.f[0].value;
	*why = '\0';
	if (f.there[1])
		ga_printable(why, 256, f.f[1].p, f.f[1].len);
	return 0;
}

void
driver_msg_put_bytes(struct buf *b, const char *p, size_t len)
{
	pb_put_bytes(b, 1, p, len);
}

void
driver_msg_put_start(struct buf *b, bool success, const char *why)
{
	pb_put_uint(b, 1, success);
	pb_put_str(b, 2, why);
}

static void
json_free(cJSON **v)
{
	cJSON_Delete(*v);
}

int
driver_info_parse(const char *json, size_t len, struct driver_info *out, struct error *err)
{
	__attribute__((cleanup(json_free))) cJSON *v = cJSON_ParseWithLength(json, len);
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(v, "name"));
	const cJSON *features = cJSON_GetObjectItemCaseSensitive(v, "features");

	if (!cJSON_IsObject(v))
		return error_set(err, EPROTO, "what it says of itself is no JSON object");
	*out = (struct driver_info){ .moves = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(features, "dynamicSSHAddress")) };
	ga_printable(out->name, sizeof out->name, name ? name : "", name ? strlen(name) : 0);
	return 0;
}
