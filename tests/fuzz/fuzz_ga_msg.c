/* The messages of host agent and guest agent: the first byte says which. What is understood survives being written again. */
#include "base/auto.h"
#include "base/buf.h"
#include "guest/wire/exec_frame.h"
#include "guest/wire/ga_msg.h"
#include "tests/fuzz/fuzz.h"

static void
info(const uint8_t *p, size_t len)
{
	AUTO(ga_info) m = { 0 }, again = { 0 };
	AUTO(buf) b = BUF_INIT;
	char text[54];

	if (ga_info_get(&m, p, len, NULL) < 0)
		return;
	for (size_t i = 0; i < m.ports.n; i++)
		if (!*ga_port_addr(&m.ports.v[i], text) || !m.ports.v[i].port)
			abort();
	ga_info_put(&b, &m);
	if (ga_info_get(&again, b.s, b.len, NULL) < 0 || !ga_ports_equal(&m.ports, &again.ports) ||
	    m.features != again.features || strcmp(m.version, again.version))
		abort();
}

static void
event(const uint8_t *p, size_t len)
{
	AUTO(ga_event) m = { 0 }, again = { 0 };
	AUTO(ga_ports) added = { 0 }, removed = { 0 };
	AUTO(buf) b = BUF_INIT;

	if (ga_event_get(&m, p, len, NULL) < 0)
		return;
	ga_event_put(&b, &m);
	if (ga_event_get(&again, b.s, b.len, NULL) < 0 || !ga_ports_equal(&m.added, &again.added) ||
	    !ga_ports_equal(&m.removed, &again.removed) || m.flags != again.flags || strcmp(m.errors, again.errors))
		abort();
	ga_ports_diff(&m.added, &m.removed, &added, &removed);
	if (added.n > m.removed.n || removed.n > m.added.n)
		abort();
}

static void
tunnel(const uint8_t *p, size_t len)
{
	struct ga_tunnel_msg m, again;
	AUTO(buf) b = BUF_INIT;

	if (ga_tunnel_get(&m, p, len, NULL) < 0)
		return;
	ga_tunnel_put(&b, &m);
	if (ga_tunnel_get(&again, b.s, b.len, NULL) < 0 || again.data.len != m.data.len || again.flags != m.flags ||
	    (m.data.len && memcmp(again.data.p, m.data.p, m.data.len)))
		abort();
}

/* Frames lie one behind the other, and a command's words within theirs. */
static void
exec_frames(const uint8_t *p, size_t len)
{
	struct exec_command c;
	struct exec_frame f;
	long n;

	for (; (n = exec_frame_get(p, len, &f)) > 0; p += n, len -= (size_t)n) {
		if (f.p != p + EXEC_HEAD || (size_t)n != EXEC_HEAD + f.len || (size_t)n > len)
			abort();
		if (!exec_command_get(&f, &c))
			continue;
		for (const char *e = c.env; *e; e += strlen(e) + 1)
			if ((const uint8_t *)e >= f.p + f.len)
				abort();
	}
}

static void
small(const uint8_t *p, size_t len)
{
	struct ga_time_answer a, again;
	struct ga_inotify i;
	struct ga_listen l;
	uint64_t id;
	struct timespec t;
	AUTO(buf) b = BUF_INIT;
	uint32_t flags;

	if (ga_time_answer_get(&a, p, len, NULL) == 0) {
		ga_time_answer_put(&b, &a);
		if (ga_time_answer_get(&again, b.s, b.len, NULL) < 0 || again.drift_ms != a.drift_ms)
			abort();
	}
	if (ga_time_get(&t, p, len, NULL) == 0 && (t.tv_nsec < 0 || t.tv_nsec > 999999999))
		abort();
	if (ga_inotify_get(&i, p, len, NULL) == 0 && i.path.len > len)
		abort();
	if (ga_listen_get(&l, p, len, NULL) == 0 && l.path.len > len)
		abort();
	exec_frames(p, len);
	(void)ga_accepted_get(&id, p, len, NULL);
	(void)ga_watch_get(&flags, p, len, NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const all[])(const uint8_t *, size_t) = { info, event, tunnel, small };

	if (size)
		all[data[0] % ARRAY_LEN(all)](data + 1, size - 1);
	return 0;
}
