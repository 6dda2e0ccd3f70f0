#include "hostagent/protocol/status.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "providers/driver.h"
#include "providers/memory_file.h"
#include "providers/pidfile.h"
#include "providers/ssh/ssh_config.h"

static void
status_broken(struct status *s, const char *why)
{
	s->word = "Broken";
	if (!s->error)
		s->error = why;
}

void
status_look(const char *dir, const char *vm_type, struct arena *a, struct status *out)
{
	struct status s = { .word = "Stopped", .info = { .phase = HA_UNKNOWN } };
	struct error err;
	bool changing;

	s.agent = ha_pid(dir);
	s.hypervisor = pidfile_process(arena_printf(a, "%s/%s.pid", dir, vm_type));
	if (!s.hypervisor && !driver_is_ours(vm_type))
		s.hypervisor = pidfile_process(arena_printf(a, "%s/external.pid", dir));
	if (s.agent > 0) {
		if (ha_info(dir, a, &s.info, &err) == 0)
			s.ssh_port = s.info.ssh_port;
		else
			status_broken(&s, arena_printf(a, "failed to get info from %s/ha.sock: %s", dir, err.msg));
	}
	if (s.ssh_port == 0)
		s.ssh_port = ssh_config_port(arena_printf(a, "%s/ssh.config", dir));
	/*
	 * Clients stop an instance by force when they read "(driver|host agent) is running
	 * but": not while the agent itself is bringing the machine up or down.
	 */
	changing = s.info.phase == HA_STARTING || s.info.phase == HA_STOPPING;
	if (s.agent > 0 && (s.hypervisor > 0 || changing) && !s.error)
		s.word = "Running";
	else if (s.agent > 0 && s.hypervisor <= 0)
		status_broken(&s, "host agent is running but driver is not");
	else if (s.agent <= 0 && s.hypervisor > 0)
		status_broken(&s, arena_printf(a, "%s driver is running but host agent is not", vm_type));
	else if (s.agent <= 0 && s.hypervisor <= 0 && fs_exists(arena_printf(a, "%s/" MEMORY_FILE, dir)))
		s.word = "Suspended";
	*out = s;
}
