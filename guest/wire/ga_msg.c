#include "guest/wire/ga_msg_impl.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"

#define NANO 1000000000

void
ga_printable(char *out, size_t size, const void *p, size_t len)
{
	const unsigned char *s = p;
	size_t n = len < size ? len : size - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = s[i] >= ' ' && s[i] < 0x7f ? (char)s[i] : '?';
	out[n] = '\0';
}

struct pb_reader
msg_reader(const void *p, size_t len)
{
	static const uint8_t none[1];
	const uint8_t *s = len ? p : none;

	return (struct pb_reader){ .p = s, .end = s + len };
}

int
msg_finish(const struct pb_reader *r, const char *what, struct error *err)
{
	return r->bad ? error_set(err, EPROTO, "%s: damaged message", what) : 0;
}

struct ga_bytes
msg_bytes(const struct pb_field *f)
{
	return f->type == PB_BYTES ? (struct ga_bytes){ f->p, f->len } : (struct ga_bytes){ 0 };
}

void
msg_put_time(struct buf *b, uint32_t number, const struct timespec *t)
{
	size_t at = pb_begin(b, number);

	pb_put_uint(b, 1, (uint64_t)t->tv_sec);
	pb_put_uint(b, 2, (uint64_t)t->tv_nsec);
	pb_end(b, at);
}

bool
msg_get_time(const struct pb_field *m, struct timespec *out)
{
	struct pb_reader r = msg_reader(m->p, m->len);
	int64_t sec = 0, nsec = 0;
	struct pb_field f;

	while (pb_next(&r, &f)) {
		if (f.number == 1 && f.type == PB_VARINT)
			sec = (int64_t)f.value;
		else if (f.number == 2 && f.type == PB_VARINT)
			nsec = (int64_t)f.value;
	}
	if (r.bad || sec < -62135596800 || sec > 253402300799 || nsec < 0 || nsec >= NANO)
		return false;
	*out = (struct timespec){ .tv_sec = (time_t)sec, .tv_nsec = (long)nsec };
	return true;
}
void
ga_inotify_put(struct buf *b, const char *path, const struct timespec *time)
{
	pb_put_str(b, 1, path);
	msg_put_time(b, 2, time);
}

int
ga_inotify_get(struct ga_inotify *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = msg_reader(p, len);
	struct ga_inotify m = { 0 };
	bool timed = false;
	struct pb_field f;

	while (pb_next(&r, &f)) {
		if (f.number == 1)
			m.path = msg_bytes(&f);
		else if (f.number == 2 && f.type == PB_BYTES)
			timed = msg_get_time(&f, &m.time);
	}
	if (msg_finish(&r, "PostInotify", err) < 0)
		return -1;
	if (!timed)
		return error_set(err, EPROTO, "PostInotify: no time");
	*out = m;
	return 0;
}

void
ga_tunnel_put(struct buf *b, const struct ga_tunnel_msg *m)
{
	pb_put_bytes(b, 1, m->id.p, m->id.len);
	pb_put_bytes(b, 2, m->proto.p, m->proto.len);
	pb_put_bytes(b, 4, m->addr.p, m->addr.len);
	pb_put_uint(b, MSG_FLAGS, m->flags);
	/* The data come last, so that a caller that has them elsewhere can append them (pb_put_head). */
	pb_put_bytes(b, 3, m->data.p, m->data.len);
}

int
ga_tunnel_get(struct ga_tunnel_msg *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = msg_reader(p, len);
	struct ga_tunnel_msg m = { 0 };
	struct pb_field f;

	while (pb_next(&r, &f)) {
		if (f.number == MSG_FLAGS && f.type == PB_VARINT)
			m.flags = (uint32_t)f.value;
		else if (f.number == 1)
			m.id = msg_bytes(&f);
		else if (f.number == 2)
			m.proto = msg_bytes(&f);
		else if (f.number == 3)
			m.data = msg_bytes(&f);
		else if (f.number == 4)
			m.addr = msg_bytes(&f);
	}
	if (msg_finish(&r, "Tunnel", err) < 0)
		return -1;
	*out = m;
	return 0;
}

void
ga_time_put(struct buf *b, const struct timespec *host)
{
	msg_put_time(b, 1, host);
}

int
ga_time_get(struct timespec *host, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = msg_reader(p, len);
	bool timed = false;
	struct timespec t;
	struct pb_field f;

	while (pb_next(&r, &f))
		if (f.number == 1 && f.type == PB_BYTES)
			timed = msg_get_time(&f, &t);
	if (msg_finish(&r, "SyncTime", err) < 0)
		return -1;
	if (!timed)
		return error_set(err, EPROTO, "SyncTime: no time");
	*host = t;
	return 0;
}

void
ga_time_answer_put(struct buf *b, const struct ga_time_answer *m)
{
	pb_put_uint(b, 1, m->adjusted);
	pb_put_uint(b, 2, (uint64_t)m->drift_ms);
	pb_put_str(b, 3, m->error);
}

int
ga_time_answer_get(struct ga_time_answer *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = msg_reader(p, len);
	struct ga_time_answer m = { 0 };
	struct pb_field f;

	while (pb_next(&r, &f)) {
		if (f.number == 1 && f.type == PB_VARINT)
			m.adjusted = f.value != 0;
		else if (f.number == 2 && f.type == PB_VARINT)
			m.drift_ms = (int64_t)f.value;
		else if (f.number == 3 && f.type == PB_BYTES)
			ga_printable(m.error, sizeof m.error, f.p, f.len);
	}
	if (msg_finish(&r, "SyncTime", err) < 0)
		return -1;
	*out = m;
	return 0;
}

void
ga_listen_put(struct buf *b, const struct ga_listen *m)
{
	pb_put_bytes(b, 1, m->path.p, m->path.len);
	pb_put_uint(b, 2, m->uid);
}

int
ga_listen_get(struct ga_listen *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = msg_reader(p, len);
	struct ga_listen m = { 0 };
	struct pb_field f;

	while (pb_next(&r, &f)) {
		if (f.number == 1)
			m.path = msg_bytes(&f);
		else if (f.number == 2 && f.type == PB_VARINT)
			m.uid = (uint32_t)f.value;
	}
	if (msg_finish(&r, "Listen", err) < 0)
		return -1;
	*out = m;
	return 0;
}

void
ga_accepted_put(struct buf *b, uint64_t id)
{
	pb_put_uint(b, 1, id);
}

int
ga_accepted_get(uint64_t *id, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = msg_reader(p, len);
	uint64_t v = 0;
	struct pb_field f;

	while (pb_next(&r, &f))
		if (f.number == 1 && f.type == PB_VARINT)
			v = f.value;
	if (msg_finish(&r, "Listen", err) < 0)
		return -1;
	*id = v;
	return 0;
}
