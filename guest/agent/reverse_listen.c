#include "guest/agent/reverse_listen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "guest/agent/log.h"
#include "guest/wire/ga_msg.h"
#include "guest/wire/grpc.h"

struct reverse_listener {
	struct reverse_listeners *all;
	struct reverse_listener *next;
	struct grpc_stream *s;
	struct watch w;		/* fd -1: not asked for yet */
	struct sockaddr_un addr;
	uid_t uid;
};

/* Only the name, and only if it is still a socket. */
static int
unlink_socket(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	return unlink(path);
}

static int
bind_as(int fd, const struct sockaddr_un *a, uid_t uid)
{
	mode_t mask = umask(0177);
	int rc;

	setfsuid(uid);
	rc = unlink_socket(a->sun_path) < 0 || bind(fd, (const struct sockaddr *)a, sizeof *a) < 0 ? -1 : 0;
	setfsuid(0);
	umask(mask);
	return rc;
}

static void
reverse_listener_free(struct reverse_listener *d)
{
	struct reverse_listener **at = &d->all->first;

	while (*at != d)
		at = &(*at)->next;
	*at = d->next;
	d->all->n--;
	if (d->w.fd >= 0) {
		loop_unwatch(d->all->loop, &d->w);
		close(d->w.fd);
		setfsuid(d->uid);
		unlink_socket(d->addr.sun_path);
		setfsuid(0);
	}
	free(d);
}

static void
reverse_listen_tell(struct reverse_listener *d, uint64_t id)
{
	AUTO(buf) b = BUF_INIT;

	ga_accepted_put(&b, id);
	grpc_send(d->s, &(struct iovec){ b.s, b.len }, 1);
}

static void
drop_oldest(struct reverse_listeners *all)
{
	close(all->waiting[0].fd);
	all->nwaiting--;
	memmove(&all->waiting[0], &all->waiting[1], all->nwaiting * sizeof all->waiting[0]);
}

static void
reverse_listen_sweep(struct timer *t)
{
	struct reverse_listeners *all = CONTAINER_OF(t, struct reverse_listeners, sweep);

	while (all->nwaiting && loop_now() - all->waiting[0].since_ms >= REVERSE_LISTEN_WAIT_MS)
		drop_oldest(all);
	if (all->nwaiting)
		loop_timer(all->loop, t, all->waiting[0].since_ms + REVERSE_LISTEN_WAIT_MS);
}

static void
reverse_listen_on_connection(struct watch *w, uint32_t events)
{
	struct reverse_listener *d = CONTAINER_OF(w, struct reverse_listener, w);
	struct reverse_listeners *all = d->all;
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)events;
	if (fd < 0)
		return;
	if (all->nwaiting == REVERSE_LISTEN_WAITING_MAX)
		drop_oldest(all);
	all->waiting[all->nwaiting].id = ++all->last;
	all->waiting[all->nwaiting].since_ms = loop_now();
	all->waiting[all->nwaiting++].fd = fd;
	loop_timer_by(all->loop, &all->sweep, loop_now() + REVERSE_LISTEN_WAIT_MS);
	reverse_listen_tell(d, all->last);
}

static int
reverse_listener_open(struct reverse_listener *d, const struct ga_listen *m, struct error *err)
{
	auto_close int fd = -1;

	if (m->path.len < 2 || m->path.len >= sizeof d->addr.sun_path || m->path.p[0] != '/' || memchr(m->path.p, 0, m->path.len))
		return error_set(err, EINVAL, "not an absolute path of a socket");
	d->addr.sun_family = AF_UNIX;
	memcpy(d->addr.sun_path, m->path.p, m->path.len);
	d->uid = m->uid;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind_as(fd, &d->addr, d->uid) < 0 || listen(fd, 64) < 0)
		return error_errno(err, "listen on %s", d->addr.sun_path);
	d->w.fd = steal_fd(fd);
	loop_watch(d->all->loop, &d->w, EPOLLIN);
	return 0;
}

static void
reverse_listen_on_message(void *ctx, struct grpc_stream *s, const uint8_t *p, size_t len)
{
	struct reverse_listener *d = ctx;
	struct ga_listen m;
	struct error err;

	if (d->w.fd >= 0)
		return;
	if (ga_listen_get(&m, p, len, &err) < 0 || reverse_listener_open(d, &m, &err) < 0) {
		log_debug("listen: %s", err.msg);
		grpc_finish(s, GRPC_UNKNOWN, err.msg);
		reverse_listener_free(d);
		return;
	}
	reverse_listen_tell(d, 0);
}

static void
reverse_listen_on_closed(void *ctx, const struct grpc_status *why)
{
	(void)why;
	reverse_listener_free(ctx);
}

void
reverse_listen_accept(struct reverse_listeners *all, struct grpc_stream *s)
{
	static const struct grpc_stream_ops ops = { .message = reverse_listen_on_message, .closed = reverse_listen_on_closed };
	struct reverse_listener *d;

	if (all->n >= REVERSE_LISTEN_MAX) {
		grpc_finish(s, GRPC_EXHAUSTED, "too many sockets");
		return;
	}
	d = xcalloc(1, sizeof *d);
	*d = (struct reverse_listener){ .all = all, .next = all->first, .s = s, .w = { .fd = -1, .ready = reverse_listen_on_connection } };
	all->first = d;
	all->n++;
	grpc_accept(s, &ops, d);
}

int
reverse_listen_take(struct reverse_listeners *all, uint64_t id)
{
	for (size_t i = 0; i < all->nwaiting; i++) {
		int fd = all->waiting[i].fd;

		if (all->waiting[i].id != id)
			continue;
		all->nwaiting--;
		memmove(&all->waiting[i], &all->waiting[i + 1], (all->nwaiting - i) * sizeof all->waiting[0]);
		return fd;
	}
	return -1;
}

void
reverse_listen_init(struct reverse_listeners *all, struct loop *l)
{
	*all = (struct reverse_listeners){ .loop = l, .sweep = { .fire = reverse_listen_sweep } };
}

void
reverse_listen_release(struct reverse_listeners *all)
{
	while (all->nwaiting)
		drop_oldest(all);
	loop_untimer(all->loop, &all->sweep);
}
