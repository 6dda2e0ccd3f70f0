#include "providers/drivers/qemu/qmp_session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cjson.h"
#include "base/error.h"
#include "base/mem.h"
#include "providers/drivers/qemu/qmp.h"

static char *
qmp_session_words(const char *command, const char *args)
{
	return xasprintf("{\"execute\":\"%s\"%s%s}\n", command, args ? ",\"arguments\":" : "", args ? args : "");
}

struct qmp_session
qmp_session(const char *command, const char *args)
{
	return (struct qmp_session){ .command = qmp_session_words(command, args), .in = BUF_INIT };
}

void
qmp_session_next(struct qmp_session *s, const char *command, const char *args)
{
	free(s->command);
	cJSON_Delete(s->answer);
	s->command = qmp_session_words(command, args);
	s->answer = NULL;
	s->answers = 2;
	s->event = s->device = NULL;
	s->seen = false;
}

void
qmp_session_release(struct qmp_session *s)
{
	free(s->command);
	buf_release(&s->in);
	cJSON_Delete(s->answer);
	*s = (struct qmp_session){ 0 };
}

static void
qmp_session_event(struct qmp_session *s, const struct qmp_line *l)
{
	if (s->event && !strcmp(l->text, s->event) && !strcmp(cjson_text_or(cjson_get(l->json, "data"), "device", ""), s->device))
		s->seen = true;
}

/* One line. As qmp_session_feed(), but for 0 without words: the next line. */
static int
qmp_session_line(struct qmp_session *s, size_t len, const char **say, struct error *err)
{
	static const enum qmp_kind expected[] = { QMP_GREETING, QMP_RETURN, QMP_RETURN };
	struct qmp_line l = qmp_classify(s->in.s, len);
	int r = 0;

	if (l.kind == QMP_EVENT) {
		qmp_session_event(s, &l);
	} else if (l.kind == QMP_ERROR) {
		r = error_set(err, EIO, "%s", l.text);
	} else if (s->answers < 3 && l.kind == expected[s->answers]) {
		s->answers++;
		if (s->answers == 1)
			*say = "{\"execute\":\"qmp_capabilities\"}\n";
		else if (s->answers == 2)
			*say = s->command;
		else
			s->answer = cJSON_DetachItemFromObjectCaseSensitive(l.json, "return");
		r = s->answers == 3;
	} else {
		r = error_set(err, EPROTO, "an answer that is not QMP");
	}
	cJSON_Delete(l.json);
	return r;
}

int
qmp_session_feed(struct qmp_session *s, const char *p, size_t n, const char **say, struct error *err)
{
	char *nl;
	int r = 0;

	*say = NULL;
	buf_add(&s->in, p, n);
	while (r == 0 && !*say && (nl = memchr(s->in.s, '\n', s->in.len))) {
		size_t len = (size_t)(nl - s->in.s);

		r = qmp_session_line(s, len, say, err);
		s->in.len -= len + 1;
		memmove(s->in.s, nl + 1, s->in.len);
	}
	if (r == 0 && s->in.len > QMP_MAX_LINE)
		return error_set(err, EPROTO, "a line without end");
	return r;
}
