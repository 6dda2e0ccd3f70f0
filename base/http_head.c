#include "base/http_head.h"

#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"

struct head {
	size_t line;		/* bytes of the first line */
	size_t all;		/* bytes up to the body */
	size_t body_len;
	bool has_length;
};

/* The value of a header, if the line is one of that name; NULL: it is another. */
static const char *
header_value(const char *line, const char *end, const char *name)
{
	size_t n = strlen(name);

	if ((size_t)(end - line) <= n || strncasecmp(line, name, n) != 0 || line[n] != ':')
		return NULL;
	for (line += n + 1; line < end && (*line == ' ' || *line == '\t');)
		line++;
	return line;
}

/* Digits with nothing but blanks behind them. */
static bool
length_read(const char *s, const char *end, size_t max, size_t *out)
{
	const char *digits = s;
	size_t n = 0;

	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (size_t)(*s - '0');
		if (n > max)
			return false;
	}
	if (s == digits)
		return false;
	while (s < end && (*s == ' ' || *s == '\t'))
		s++;
	*out = n;
	return s == end;
}

static bool
header_take(struct head *h, const char *line, const char *end, size_t max)
{
	const char *length = header_value(line, end, "Content-Length");
	size_t n;

	if (header_value(line, end, "Transfer-Encoding"))
		return false;
	if (!length)
		return true;
	if (!length_read(length, end, max, &n) || (h->has_length && n != h->body_len))
		return false;
	h->body_len = n;
	h->has_length = true;
	return true;
}

static enum http_verdict
head_read(const char *text, size_t len, size_t max_body, struct head *out)
{
	const char *blank = len ? memmem(text, len, "\r\n\r\n", 4) : NULL, *line, *end, *next;

	*out = (struct head){ 0 };
	if (!blank)
		return HTTP_MORE;
	if (memchr(text, '\0', (size_t)(blank - text)))
		return HTTP_BAD_LINE;
	out->all = (size_t)(blank + 4 - text);
	out->line = strcspn(text, "\r\n");
	/* Some end a line by a newline alone. */
	for (line = text + out->line; line < blank; line = next) {
		line += *line == '\r';
		line += *line == '\n';
		next = line + strcspn(line, "\n");
		end = next > line && next[-1] == '\r' ? next - 1 : next;
		if (!header_take(out, line, end, max_body))
			return HTTP_BAD_LENGTH;
	}
	return len - out->all < out->body_len ? HTTP_MORE : HTTP_WHOLE;
}

/* METHOD PATH HTTP/1.x: its words, cut where the line is. */
static bool
request_cut(char *line, struct http_request *r)
{
	char *path = strchr(line, ' '), *version = path ? strchr(path + 1, ' ') : NULL, *query;

	if (!version || path == line || path[1] != '/' || strncmp(version + 1, "HTTP/1.", 7) != 0)
		return false;
	*path++ = *version = '\0';
	query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	*r = (struct http_request){ .method = line, .path = path, .query = query ? query : "" };
	return true;
}

enum http_verdict
http_request_read(char *text, size_t len, size_t max_body, struct http_request *out)
{
	struct head h;
	enum http_verdict v = head_read(text, len, max_body, &h);
	char after;

	if (v != HTTP_WHOLE)
		return v;
	after = text[h.line];
	text[h.line] = '\0';
	if (!request_cut(text, out)) {
		text[h.line] = after;
		return HTTP_BAD_LINE;
	}
	out->body = text + h.all;
	out->body_len = h.body_len;
	text[h.all + h.body_len] = '\0';
	return HTTP_WHOLE;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* HTTP/1.x NNN, and a reason or none. */
static int
status_read(const char *line, size_t len)
{
	int status = 0;

	if (len < 12 || strncmp(line, "HTTP/1.", 7) != 0 || !is_digit(line[7]) || line[8] != ' ')
		return 0;
	for (size_t i = 9; i < 12; i++) {
		if (!is_digit(line[i]))
			return 0;
		status = status * 10 + (line[i] - '0');
	}
	return (len > 12 && line[12] != ' ') || status < 100 ? 0 : status;
}

enum http_verdict
http_answer_read(const char *text, size_t len, size_t max_body, struct http_answer *out)
{
	struct head h;
	enum http_verdict v = head_read(text, len, max_body, &h);

	if (v == HTTP_BAD_LINE || v == HTTP_BAD_LENGTH || !h.all)
		return v;
	*out = (struct http_answer){ status_read(text, h.line), text + h.all, h.body_len };
	return !out->status ? HTTP_BAD_LINE : !h.has_length ? HTTP_BAD_LENGTH : v;
}

void
http_request_write(struct buf *out, const char *method, const char *path, const char *host, const char *body)
{
	buf_addf(out, "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, path, host);
	if (body)
		buf_addf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
	buf_addf(out, "\r\n%s", body ? body : "");
}

static const char *
status_reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} reasons[] = {
		{ 200, "OK" }, { 204, "No Content" }, { 400, "Bad Request" }, { 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 409, "Conflict" }, { 413, "Content Too Large" }, { 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].text;
	return "Error";
}

void
http_answer_write(struct buf *out, int status, const char *type, const char *body)
{
	buf_addf(out, "HTTP/1.1 %d %s\r\n", status, status_reason(status));
	if (type)
		buf_addf(out, "Content-Type: %s\r\n", type);
	buf_addf(out, "Content-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(body), body);
}
