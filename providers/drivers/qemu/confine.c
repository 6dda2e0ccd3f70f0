#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/privilege.h"
#include "base/sha256.h"
#include "providers/drivers/qemu/qemu.h"

/* Numbers that Debian and systemd leave to whoever needs a user for a while: no person and no service has one. */
enum { FIRST_USER = 61184, LAST_USER = 65519 };

#define TO_START                                                                                                       \
	(CAP(CAP_SETUID) | CAP(CAP_SETGID) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_DAC_READ_SEARCH) |                        \
	 CAP(CAP_NET_BIND_SERVICE))
#define TO_SERVE (CAP(CAP_CHOWN) | CAP(CAP_DAC_OVERRIDE) | CAP(CAP_FOWNER) | CAP(CAP_FSETID) | CAP(CAP_MKNOD))

unsigned
qemu_user(const char *dir)
{
	unsigned sum = 0;
	char hex[65];

	sha256_hex(dir, strlen(dir), hex);
	for (const char *p = hex; p < hex + 8; p++)
		sum = sum * 31 + (unsigned char)*p;
	return FIRST_USER + sum % (LAST_USER - FIRST_USER + 1);
}

/* From 8.0 on a stream is dialled again, by its name; before, it is connected when the machine starts. */
static bool
net_is_dialled(const struct qemu_machine *m, const struct machine_net *n)
{
	return n->socket && !n->local && m->version[0] >= 8;
}

/* A switch of an older limactl that still runs makes its end of a port for its own user alone. */
static bool
net_is_closed(const struct machine_net *n)
{
	struct stat st;

	return n->local && n->socket && stat(n->socket, &st) == 0 && !(st.st_mode & S_IWOTH);
}

/* What QEMU opens by name while it runs, it could not open as somebody else. */
static bool
opens_later(const struct qemu_machine *m)
{
	for (size_t i = 0; i < m->is.nnets; i++)
		if (net_is_dialled(m, &m->is.nets[i]) || net_is_closed(&m->is.nets[i]))
			return true;
	return net_is_dialled(m, &m->is.net0) || net_is_closed(&m->is.net0) || qemu_has_desktop(&m->is);
}

/* Who owns the folders that it serves itself, if that is one user; root (0) otherwise. */
static bool
owner_of_folders(const struct qemu_machine *m, struct stat *owner)
{
	struct stat st;

	for (size_t i = 0; i < m->is.nshares; i++) {
		if (stat(m->is.shares[i].path, &st) < 0 || st.st_uid == 0 || (i && st.st_uid != owner->st_uid))
			return false;
		*owner = st;
	}
	return true;
}

static bool
serves_as_owner(const struct qemu_machine *m)
{
	for (size_t i = 0; m->is.share_type == SHARE_9P && i < m->is.nshares; i++)
		if (m->is.shares[i].security_model && strcmp(m->is.shares[i].security_model, "passthrough") == 0)
			return true;
	return false;
}

/* Whom root becomes; false: it stays. */
static bool
confine_find_user(struct qemu_machine *m)
{
	unsigned own = qemu_user(m->is.dir);
	struct stat owner = { .st_uid = own, .st_gid = own };

	if (opens_later(m) || serves_as_owner(m) || (m->is.share_type == SHARE_9P && !owner_of_folders(m, &owner)) || !privilege_can_become(owner.st_uid))
		return false;
	m->run_as = owner.st_uid;
	m->run_as_group = owner.st_gid;
	m->switches_by_fd = true;
	return true;
}

void
qemu_confine(struct qemu_machine *m)
{
	bool root = geteuid() == 0;

	m->run_as = m->run_as_group = 0;
	m->switches_by_fd = false;
	m->capabilities = !root ? 0 : confine_find_user(m) ? TO_START : serves_as_owner(m) ? TO_SERVE : 0;
	if (root && !m->run_as && m->is.ssh_port && m->is.ssh_port < 1024)
		m->capabilities |= CAP(CAP_NET_BIND_SERVICE);
}
