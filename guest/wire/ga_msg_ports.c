/* guest/wire/ga_msg_ports.c - the messages that are about ports, and the boot: Info, Event, and what is asked of a watch. */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/error.h"
#include "guest/wire/ga_msg_impl.h"

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
	struct pb_reader r = msg_reader(m->p, m->len);
	struct ga_bytes proto = { 0 }, ip = { 0 };
	uint64_t number = 0;
	struct pb_field f;
	struct ga_port port;

	while (pb_next(&r, &f)) {
		if (f.number == 1)
			proto = msg_bytes(&f);
		else if (f.number == 2)
			ip = msg_bytes(&f);
		else if (f.number == 3 && f.type == PB_VARINT)
			number = f.value;
	}
	if (r.bad)
		return msg_finish(&r, "port", err);
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
	pb_put_uint(b, MSG_FLAGS, m->features);
	pb_put_str(b, MSG_VERSION, m->version);
}

int
ga_info_get(struct ga_info *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = msg_reader(p, len);
	struct ga_info m = { 0 };
	struct pb_field f;
	int rc = 0;

	while (rc == 0 && pb_next(&r, &f)) {
		if (f.number == 1 && f.type == PB_BYTES)
			rc = get_port(&m.ports, &f, err);
		else if (f.number == MSG_FLAGS && f.type == PB_VARINT)
			m.features = (uint32_t)f.value;
		else if (f.number == MSG_VERSION && f.type == PB_BYTES)
			ga_printable(m.version, sizeof m.version, f.p, f.len);
	}
	if (rc < 0 || msg_finish(&r, "GetInfo", err) < 0) {
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

static void
put_boot(struct buf *b, const struct ga_boot *m)
{
	size_t at = pb_begin(b, MSG_BOOT);

	pb_put_str(b, 1, m->session);
	pb_put_str(b, 2, m->done);
	for (const char *p = m->errors; *p; p += strcspn(p, "\n"), p += *p == '\n')
		pb_put_bytes(b, 3, p, strcspn(p, "\n"));
	pb_end(b, at);
}

/* Adds a line; what is no line's is made printable, and what is too much is cut. */
static void
get_boot_error(struct ga_boot *m, const struct pb_field *f)
{
	size_t n = strlen(m->errors);

	if (!f->len || n + 2 >= sizeof m->errors)
		return;
	if (n)
		m->errors[n++] = '\n';
	ga_printable(m->errors + n, sizeof m->errors - n, f->p, f->len);
}

static int
get_boot(struct ga_boot *out, const struct pb_field *m, struct error *err)
{
	struct pb_reader r = msg_reader(m->p, m->len);
	struct pb_field f;

	*out = (struct ga_boot){ "", "", "" };
	while (pb_next(&r, &f)) {
		if (f.type != PB_BYTES)
			continue;
		if (f.number == 1)
			ga_printable(out->session, sizeof out->session, f.p, f.len);
		else if (f.number == 2)
			ga_printable(out->done, sizeof out->done, f.p, f.len);
		else if (f.number == 3)
			get_boot_error(out, &f);
	}
	return msg_finish(&r, "boot", err);
}

void
ga_event_put(struct buf *b, const struct ga_event *m)
{
	msg_put_time(b, 1, &m->time);
	put_ports(b, 2, &m->added);
	put_ports(b, 3, &m->removed);
	pb_put_str(b, 4, m->errors);
	pb_put_uint(b, MSG_FLAGS, m->flags);
	if (m->boots)
		put_boot(b, &m->boot);
}

static void
ga_msg_ports_add_error(struct ga_event *m, const struct pb_field *f)
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
	if (f->number == MSG_FLAGS && f->type == PB_VARINT)
		m->flags = (uint32_t)f->value;
	if (f->type != PB_BYTES)
		return 0;
	switch (f->number) {
	case 1:
		(void)msg_get_time(f, &m->time);	/* nothing depends on it */
		return 0;
	case 2:
		return get_port(&m->added, f, err);
	case 3:
		return get_port(&m->removed, f, err);
	case 4:
		ga_msg_ports_add_error(m, f);
		return 0;
	case MSG_BOOT:
		m->boots = true;
		return get_boot(&m->boot, f, err);
	}
	return 0;
}

int
ga_event_get(struct ga_event *out, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = msg_reader(p, len);
	struct ga_event m = { 0 };
	struct pb_field f;
	int rc = 0;

	while (rc == 0 && pb_next(&r, &f))
		rc = get_event_field(&m, &f, err);
	if (rc < 0 || msg_finish(&r, "GetEvents", err) < 0) {
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
	pb_put_uint(b, MSG_FLAGS, flags);
}

int
ga_watch_get(uint32_t *flags, const void *p, size_t len, struct error *err)
{
	struct pb_reader r = msg_reader(p, len);
	uint32_t v = 0;
	struct pb_field f;

	while (pb_next(&r, &f))
		if (f.number == MSG_FLAGS && f.type == PB_VARINT)
			v = (uint32_t)f.value;
	if (msg_finish(&r, "GetEvents", err) < 0)
		return -1;
	*flags = v;
	return 0;
}
