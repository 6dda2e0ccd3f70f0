#include "guest/agent/tunnel_dial.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "guest/agent/dial.h"
#include "guest/agent/exec.h"
#include "guest/agent/reverse_listen.h"
#include "guest/agent/tunnel.h"
#include "guest/wire/ga_msg.h"

static bool
tunnel_is_of(const struct ga_tunnel_msg *m, const char *proto)
{
	return m->proto.len == strlen(proto) && !memcmp(m->proto.p, proto, m->proto.len);
}

static int
take_accepted(struct tunnels *all, const struct ga_bytes *number, struct error *err)
{
	uint64_t id = 0;
	int fd;

	for (size_t i = 0; i < number->len && i < 20; i++)
		id = id * 10 + (number->p[i] - (uint64_t)'0');
	fd = reverse_listen_take(all->reverse, id);
	return fd < 0 ? error_set(err, ENOENT, "nobody of that number waits") : fd;
}

static int
tunnel_exec(struct tunnels *all, bool trusted, struct error *err)
{
	if (!trusted)
		return error_set(err, EPERM, "commands are for the host alone");
	if (all->execs >= EXEC_RUNNERS_MAX)
		return error_set(err, EAGAIN, "%d commands run already", EXEC_RUNNERS_MAX);
	return exec_start(all->files, err);
}

int
tunnel_dial(struct tunnels *all, const struct ga_tunnel_msg *m, bool trusted, struct tunnel_way *out, struct error *err)
{
	struct dial d = { .kind = DIAL_UNIX };

	*out = (struct tunnel_way){ 0 };
	if (tunnel_is_of(m, "accepted"))
		return take_accepted(all, &m->addr, err);
	if (tunnel_is_of(m, GA_TUNNEL_EXEC)) {
		out->exec = true;
		return tunnel_exec(all, trusted, err);
	}
	if (dial_parse(&d, m->proto.p, m->proto.len, m->addr.p, m->addr.len, err) < 0)
		return -1;
	out->udp = d.kind == DIAL_UDP;
	return dial_open(&d, &out->pending, err);
}
