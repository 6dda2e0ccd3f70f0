/* What an instance gets of this host, in one line. */
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/guarded.h"
#include "base/path_rest.h"
#include "base/view.h"
#include "state/desired/spec/spec.h"

/* The line as it grows: parts behind commas, of one verb or of another. */
struct line {
	struct buf *out;
	const char *verb;	/* of the part before */
	const char *home;	/* of the user, without a slash at its end; "" */
	size_t began;
};

static void
line_verb(struct line *l, const char *verb)
{
	if (l->out->len > l->began)
		buf_adds(l->out, ", ");
	if (!l->verb || strcmp(l->verb, verb) != 0)
		buf_addf(l->out, "%s ", verb);
	l->verb = verb;
}

static void
line_path(struct line *l, const char *verb, const char *path)
{
	const char *rest = path_rest(path, l->home);

	line_verb(l, verb);
	buf_addf(l->out, "%s%s", rest ? "~" : "", rest ? rest : path);
}

/* LIMA_HOME is kept from a guest that has a folder above it, but not by a machine that can have no view of its own, nor on an old kernel. */
static bool
line_holds_keys(const struct spec *s, const struct spec_mount *m)
{
	auto_free char *real = fs_realpath(m->location);
	const char *rest = s->dir ? path_rest(s->dir, real) : NULL;

	if (!strcmp(s->mount_type, "reverse-sshfs") ? strcmp(m->sshfs.sftp_driver, "openssh-sftp-server") != 0 || guarded_by_kernel() :
						      strcmp(s->mount_type, "9p") != 0 || view_possible())
		return false;
	return rest && *rest;
}

static void
line_mounts(struct line *l, const struct spec *s, bool writable)
{
	for (size_t i = 0; i < s->nmounts; i++) {
		if (s->mounts[i].writable != writable)
			continue;
		line_path(l, writable ? "writes" : "reads", s->mounts[i].location);
		if (line_holds_keys(s, &s->mounts[i]))
			buf_adds(l->out, " (with the keys to all instances)");
	}
}

/* What does not begin with a loopback address is no secret of this host's. */
static void
line_is_open(struct line *l, const char *address)
{
	if (strncmp(address, "127.", 4) != 0 && strncmp(address, "localhost", 9) != 0 && strncmp(address, "::1", 3) != 0 &&
	    strncmp(address, "[::1]", 5) != 0)
		buf_adds(l->out, " (open to other hosts)");
}

static void
line_ports(struct line *l, const struct spec_forward *f)
{
	bool v6 = strchr(f->host_ip, ':');

	line_verb(l, "listens on");
	buf_addf(l->out, v6 ? "[%s]:%d" : "%s:%d", f->host_ip, f->host_port[0]);
	if (f->host_port[1] != f->host_port[0])
		buf_addf(l->out, "-%d", f->host_port[1]);
	line_is_open(l, f->host_ip);
}

/* Without an agent in the guest its ports are not known. */
static bool
is_followed(const struct spec *s, const struct spec_forward *f)
{
	return !f->ignore && (!s->plain || f->is_static);
}

/* One rule for TCP and one for UDP say the same here. */
static bool
is_said(const struct spec *s, size_t i)
{
	const struct spec_forward *f = &s->forwards[i];

	for (size_t j = 0; j < i; j++) {
		const struct spec_forward *g = &s->forwards[j];

		if (is_followed(s, g) && !*g->host_socket && !strcmp(f->host_ip, g->host_ip) &&
		    !memcmp(f->host_port, g->host_port, sizeof f->host_port))
			return true;
	}
	return false;
}

static void
line_forwards(struct line *l, const struct spec *s)
{
	for (size_t i = 0; i < s->nforwards; i++) {
		const struct spec_forward *f = &s->forwards[i];

		if (!is_followed(s, f))
			continue;
		if (*f->host_socket)
			line_path(l, f->reverse ? "connects to" : "listens on", f->host_socket);
		else if (!is_said(s, i))
			line_ports(l, f);
	}
	if (!strncmp(s->video_display, "vnc", 3)) {
		line_verb(l, "listens on");
		buf_addf(l->out, "VNC display %.*s", (int)strcspn(s->vnc_display, ","), *s->vnc_display ? s->vnc_display : "127.0.0.1:0");
		line_is_open(l, *s->vnc_display ? s->vnc_display : "127.0.0.1:0");
	}
	if (!s->plain) {
		line_verb(l, "listens on");
		buf_adds(l->out, "127.0.0.1 for what listens in the guest");
	}
}

void
spec_reach(const struct spec *s, const char *home, struct buf *out)
{
	struct line l = { .out = out, .home = home ? home : "", .began = out->len };

	line_mounts(&l, s, false);
	for (size_t i = 0; i < s->ca.nfiles; i++)
		line_path(&l, "reads", s->ca.files[i]);
	line_mounts(&l, s, true);
	for (size_t i = 0; i < s->ncopies; i++)
		line_path(&l, "writes", s->copies[i].host);
	line_forwards(&l, s);
	for (size_t i = 0; i < s->nnetworks; i++)
		if (*s->networks[i].socket)
			line_path(&l, "connects to", s->networks[i].socket);
	if (s->ssh.forward_agent) {
		line_verb(&l, "may use");
		buf_adds(out, "your ssh agent while you are in it");
	}
	if (s->ssh.forward_x11) {
		line_verb(&l, "may use");
		buf_adds(out, "your X display while you are in it");
	}
	for (size_t i = 0; i < s->nprovision; i++)
		if (s->provision[i].mode == PROVISION_ANSIBLE && s->provision[i].playbook && *s->provision[i].playbook)
			line_path(&l, "runs on this host:", s->provision[i].playbook);
}
