#include "guest/wire/ga_msg.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "guest/wire/pb.h"

#define NANO 1000000000

enum { FLAGS = 100, VERSION = 101 };

void
ga_printable(char *out, size_t size, const void *p, size_t len)
{
	const unsigned char *s = p;
	size_t n = len < size ? len : size - 1;

	for (size_t i = 0; i < n; i++)
		out[i] = s[i] >= ' ' && s[i] < 0x7f ? (char)s[i] : '?';
	out[n] = '\0';
}

static struct pb_reader
reader(const void *p, size_t len)
{
	static const uint8_t none[1];
	const uint8_t *s = len ? p : none;

	return (struct pb_reader){ .p = s, .end = s + len };
}

static int
finish(const struct pb_reader *r, const char *what, struct error *err)
{
	return r->bad ? error_set(err, EPROTO, "%s: damaged message", what) : 0;
}

static struct ga_bytes
bytes(const struct pb_field *f)
{
	return f->type == PB_BYTES ? (struct ga_bytes){ f->p, f->len } : (struct ga_bytes){ 0 };
}

static void
put_time(struct buf *b, uint32_t number, const struct timespec *t)
{
	size_t at = pb_begin(b, number);

	pb_put_uint(b, 1, (uint64_t)t->tv_sec);
	pb_put_uint(b, 2, (uint64_t)t->tv_nsec);
	pb_end(b, at);
}

/* A google.protobuf.Timestamp; false unless its parts are in range (year 1 to 9999, as its definition says). */
static bool
get_time(const struct pb_field *m, struct timespec *out)
{
	struct pb_reader r = reader(m->p, m->len);
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

static void
put_ports(struct buf *b, uint32_t number, const struct ga_ports *l)
{
	for (size_t i = 0; i < l->n; i++) {
		size_t at = pb_begin(b, number);
		char ip[46];

		pb_put_str(b, 1, ga_port_proto(&l->v[i]));
		pb_put_str(b, 2, ga_port_ip(&l->v[i], ip));
		pb_put_uint(b, 3, l->v[i].port);
		pb_end(b, at);
	}
}

/* Adds an IPPort. What is well-formed but no port of ours (a protocol to come) is passed over. */
static int
get_port(struct ga_ports *l, const struct pb_field *m, struct error *err)
{
	struct pb_reader r = reader(m->p, m->len);
	struct ga_bytes proto = { 0 }, ip = { 0 };
	uint64_t number = 0;
	struct pb_field f;
	struct ga_port port;

	while (pb_next(&r, &f)) {
		if (f.number == 1)
			proto = bytes(&f);
		else if (f.number == 2)
			ip = bytes(&f);
		else if (f.number == 3 && f.type == PB_VARINT)
			number = f.value;
	}
	if (r.bad)
		return finish(&r, "port", err);
	if (!ga_port_parse(&port, proto.p, proto.len, ip.p, ip.len, number))
		return 0;
	if (l->n == GA_PORTS_MAX)
		return error_set(err, E2BIG, "more than %d ports", GA_PORTS_MAX);
	ga_ports_add(l, &port);
	return 0;
}

void
ga_info_release(struct ga_info *m)
{
	ga_ports_release(&m->ports);
}

void
ga_info_put(struct buf *b, const struct ga_info *m)
{
	put_ports(b, 1, &m->ports);
	pb_put_uint(b, FLAGS, m->features);
	pb_put_str(b, VERSION, m->version);
}

int
ga_info_get(struct ga_info *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = reader(p, len);
	struct ga_info m = { 0 };
	struct pb_field f;
	int rc = 0;

	while (rc == 0 && pb_next(&r, &f)) {
		if (f.number == 1 && f.type == PB_BYTES)
			rc = get_port(&m.ports, &f, err);
		else if (f.number == FLAGS && f.type == PB_VARINT)
			m.features = (uint32_t)f.value;
		else if (f.number == VERSION && f.type == PB_BYTES)
			ga_printable(m.version, sizeof m.version, f.p, f.len);
	}
	if (rc < 0 || finish(&r, "GetInfo", err) < 0) {
		ga_info_release(&m);
		return -1;
	}
	ga_ports_sort(&m.ports);
	*out = m;
	return 0;
}

void
ga_event_release(struct ga_event *m)
{
	ga_ports_release(&m->added);
	ga_ports_release(&m->removed);
}

void
ga_event_put(struct buf *b, const struct ga_event *m)
{
	put_time(b, 1, &m->time);
	put_ports(b, 2, &m->added);
	put_ports(b, 3, &m->removed);
	pb_put_str(b, 4, m->errors);
	pb_put_uint(b, FLAGS, m->flags);
}

static void
add_error(struct ga_event *m, const struct pb_field *f)
{
	size_t n = strlen(m->errors);

	if (n && n + 2 < sizeof m->errors) {
		memcpy(m->errors + n, "; ", 3);
		n += 2;
	}
	ga_printable(m->errors + n, sizeof m->errors - n, f->p, f->len);
}

static int
get_event_field(struct ga_event *m, const struct pb_field *f, struct error *err)
{
	if (f->number == FLAGS && f->type == PB_VARINT)
		m->flags = (uint32_t)f->value;
	if (f->type != PB_BYTES)
		return 0;
	switch (f->number) {
	case 1:
		(void)get_time(f, &m->time);	/* nothing depends on it */
		return 0;
	case 2:
		return get_port(&m->added, f, err);
	case 3:
		return get_port(&m->removed, f, err);
	case 4:
		add_error(m, f);
		return 0;
	}
	return 0;
}

int
ga_event_get(struct ga_event *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = reader(p, len);
	struct ga_event m = { 0 };
	struct pb_field f;
	int rc = 0;

	while (rc == 0 && pb_next(&r, &f))
		rc = get_event_field(&m, &f, err);
	if (rc < 0 || finish(&r, "GetEvents", err) < 0) {
		ga_event_release(&m);
		return -1;
	}
	ga_ports_sort(&m.added);
	ga_ports_sort(&m.removed);
	*out = m;
	return 0;
}

void
ga_watch_put(struct buf *b, uint32_t flags)
{
	pb_put_uint(b, FLAGS, flags);
}

int
ga_watch_get(uint32_t *flags, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = reader(p, len);
	uint32_t v = 0;
	struct pb_field f;

	while (pb_next(&r, &f))
		if (f.number == FLAGS && f.type == PB_VARINT)
			v = (uint32_t)f.value;
	if (finish(&r, "GetEvents", err) < 0)
		return -1;
	*flags = v;
	return 0;
}

void
ga_inotify_put(struct buf *b, const char *path, const struct timespec *time)
{
	pb_put_str(b, 1, path);
	put_time(b, 2, time);
}

int
ga_inotify_get(struct ga_inotify *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = reader(p, len);
	struct ga_inotify m = { 0 };
	bool timed = false;
	struct pb_field f;

	while (pb_next(&r, &f)) {
		if (f.number == 1)
			m.path = bytes(&f);
		else if (f.number == 2 && f.type == PB_BYTES)
			timed = get_time(&f, &m.time);
	}
	if (finish(&r, "PostInotify", err) < 0)
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
	pb_put_uint(b, FLAGS, m->flags);
	/* last, so that who has the data elsewhere can append it (pb_put_head) */
	pb_put_bytes(b, 3, m->data.p, m->data.len);
}

int
ga_tunnel_get(struct ga_tunnel_msg *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = reader(p, len);
	struct ga_tunnel_msg m = { 0 };
	struct pb_field f;

	while (pb_next(&r, &f)) {
		if (f.number == FLAGS && f.type == PB_VARINT)
			m.flags = (uint32_t)f.value;
		else if (f.number == 1)
			m.id = bytes(&f);
		else if (f.number == 2)
			m.proto = bytes(&f);
		else if (f.number == 3)
			m.data = bytes(&f);
		else if (f.number == 4)
			m.addr = bytes(&f);
	}
	if (finish(&r, "Tunnel", err) < 0)
		return -1;
	*out = m;
	return 0;
}

void
ga_time_put(struct buf *b, const struct timespec *host)
{
	put_time(b, 1, host);
}

int
ga_time_get(struct timespec *host, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = reader(p, len);
	bool timed = false;
	struct timespec t;
	struct pb_field f;

	while (pb_next(&r, &f))
		if (f.number == 1 && f.type == PB_BYTES)
			timed = get_time(&f, &t);
	if (finish(&r, "SyncTime", err) < 0)
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
	struct pb_reader r = reader(p, len);
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
	if (finish(&r, "SyncTime", err) < 0)
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
	struct pb_reader r = reader(p, len);
	struct ga_listen m = { 0 };
	struct pb_field f;

	while (pb_next(&r, &f)) {
		if (f.number == 1)
			m.path = bytes(&f);
		else if (f.number == 2 && f.type == PB_VARINT)
			m.uid = (uint32_t)f.value;
	}
	if (finish(&r, "Listen", err) < 0)
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
	struct pb_reader r = reader(p, len);
	uint64_t v = 0;
	struct pb_field f;

	while (pb_next(&r, &f))
		if (f.number == 1 && f.type == PB_VARINT)
			v = f.value;
	if (finish(&r, "Listen", err) < 0)
		return -1;
	*id = v;
	return 0;
}
