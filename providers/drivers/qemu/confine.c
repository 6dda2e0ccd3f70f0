#include <string.h>
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

/* What QEMU opens by name while it runs, it could not open as somebody else. */
static bool
opens_later(const struct qemu_machine *m)
{
	return (m->is.share_type == SHARE_9P && m->is.nshares) || m->is.net0.socket || m->is.nnets || m->tpm_socket ||
	       (m->is.display && *m->is.display && strcmp(m->is.display, "none") != 0 && strcmp(m->is.display, "vnc") != 0) ||
	       (m->is.audio_device && *m->is.audio_device && strcmp(m->is.audio_device, "none") != 0);
}

static bool
serves_as_owner(const struct qemu_machine *m)
{
	for (size_t i = 0; m->is.share_type == SHARE_9P && i < m->is.nshares; i++)
		if (m->is.shares[i].security_model && strcmp(m->is.shares[i].security_model, "passthrough") == 0)
			return true;
	return false;
}

void
qemu_confine(struct qemu_machine *m)
{
	bool root = geteuid() == 0;
	unsigned user = qemu_user(m->is.dir);

	m->run_as = root && !opens_later(m) && privilege_can_become(user) ? user : 0;
	m->capabilities = !root ? 0 : m->run_as ? TO_START : serves_as_owner(m) ? TO_SERVE : 0;
	if (root && !m->run_as && m->is.ssh_port && m->is.ssh_port < 1024)
		m->capabilities |= CAP(CAP_NET_BIND_SERVICE);
}
