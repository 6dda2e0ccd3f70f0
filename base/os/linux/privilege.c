#include "base/privilege.h"

#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/auto.h"

static int
caps_get(struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3])
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return (int)syscall(SYS_capget, &head, data);
}

uint64_t
privilege_now(void)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return caps_get(data) < 0 ? 0 : data[0].effective | (uint64_t)data[1].effective << 32;
}

int
privilege_keep(uint64_t keep)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || caps_get(data) < 0)
		return -1;
	/* The bounding set limits programs that are started later; only a process with CAP_SETPCAP can shrink it, and only that one needs to. */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(keep >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return (int)syscall(SYS_capset, &head, data);
}

void
privilege_no_new(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* linux: user_namespaces(7), "/proc/PID/uid_map" */
static bool
map_has(const char *path, unsigned id)
{
	auto_file FILE *f = fopen(path, "re");
	unsigned inside, outside, count;

	while (f && fscanf(f, "%u %u %u", &inside, &outside, &count) == 3)
		if (id >= inside && id - inside < count)
			return true;
	return false;
}

bool
privilege_can_become(unsigned uid)
{
	uint64_t needed = CAP(CAP_SETUID) | CAP(CAP_SETGID);

	return (privilege_now() & needed) == needed && map_has("/proc/self/uid_map", uid) &&
	       map_has("/proc/self/gid_map", uid);
}
