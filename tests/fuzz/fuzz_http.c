/* HTTP/1 of a unix socket: a verdict on a part must not be another one on the whole, and no byte outside is read. */
#include "base/http_head.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_BODY = 64 };

static void
try_answer(const char *text, size_t size)
{
	struct http_answer a;

	if (http_answer_read(text, size, MAX_BODY, &a) != HTTP_WHOLE)
		return;
	if (a.status < 100 || a.status > 999 || a.body_len > MAX_BODY || a.body < text || a.body + a.body_len > text + size)
		abort();
}

static enum http_verdict
try_request(const uint8_t *data, size_t size)
{
	char *text = xcalloc(1, size + 1);	/* no byte more, so that the sanitizer sees what is read behind it */
	struct http_request r;
	enum http_verdict v;

	if (size)
		memcpy(text, data, size);
	try_answer(text, size);
	v = http_request_read(text, size, MAX_BODY, &r);
	if (v == HTTP_WHOLE &&
	    (*r.path != '/' || strchr(r.path, '?') || r.body_len > MAX_BODY || r.body[r.body_len] || r.body + r.body_len > text + size ||
	     !*r.method || strchr(r.query, '\n')))
		abort();
	if (v != HTTP_WHOLE && size && memcmp(text, data, size) != 0)
		abort();
	free(text);
	return v;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum http_verdict whole = try_request(data, size);
	size_t part = size ? data[0] % size : 0;
	enum http_verdict v = try_request(data, part);

	if (v != HTTP_MORE && v != whole)
		abort();
	return 0;
}
