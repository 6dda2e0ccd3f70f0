/* providers/drivers/qemu/type.c - the version of the machine type, which an upgrade of QEMU does not change under an instance. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "providers/drivers/qemu/arch.h"
#include "providers/drivers/qemu/qemu.h"

enum { MAX_TYPE = 64, HELP_MS = 10000, FIRST_OF_DEVELOPMENT = 50, MOST_CPUS = 32 };

#define CPUS "cpus "

/* The version in a name that begins as those of the architecture do; false: it is none. */
static bool
type_version(const struct qemu_arch *arch, const char *name, int v[2])
{
	size_t len = strlen(arch->versioned);
	int end = 0;

	return strncmp(name, arch->versioned, len) == 0 && sscanf(name + len, "-%d.%d%n", &v[0], &v[1], &end) == 2 && !name[len + (size_t)end];
}

/* QEMU drops types that are six years old. That is asked only where its version is another than that of the type. */
static bool
type_is_offered(const struct qemu_machine *m, const struct qemu_arch *arch, const char *name)
{
	const char *argv[] = { m->program[0], "-machine", "help", NULL };
	auto_free char *line = xasprintf("\n%s ", name);
	AUTO(buf) out = BUF_INIT;
	int v[2];

	if (!type_version(arch, name, v) || v[0] > m->version[0] || (v[0] == m->version[0] && v[1] > m->version[1]))
		return false;
	if (v[0] == m->version[0] && v[1] == m->version[1])
		return true;
	return proc_run(argv, &(struct proc_opts){ .out = &out, .timeout_ms = HELP_MS }, NULL) == 0 && strstr(out.s, line);
}

/* Each that may come costs a guest some hundreds of KiB. */
static int
type_host_cpus(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > MOST_CPUS ? MOST_CPUS : (int)n;
}

/* What the second line says; 0: there is none. */
static int
type_kept_cpus(const char *text)
{
	const char *line = strchr(text, '\n');
	long n = line && !strncmp(line + 1, CPUS, strlen(CPUS)) ? strtol(line + 1 + strlen(CPUS), NULL, 10) : 0;

	return n > 0 && n <= MOST_CPUS ? (int)n : 0;
}

int
qemu_machine_type(struct qemu_machine *m, struct arena *a, struct error *err)
{
	const struct qemu_arch *arch = qemu_arch_find(m->is.arch);
	const char *path = arena_printf(a, "%s/" QEMU_TYPE_FILE, m->is.dir);
	AUTO(buf) kept = BUF_INIT;
	int there;

	/* A QEMU between two releases has types of neither. */
	if (!arch || !arch->versioned || m->version[2] >= FIRST_OF_DEVELOPMENT)
		return 0;
	there = fs_read_if(path, &kept, MAX_TYPE, err);
	if (there < 0)
		return -1;
	if (!strcmp(arch->name, "x86_64"))
		m->most_cpus = there ? type_kept_cpus(kept.s ? kept.s : "") : m->is.runs ? 0 : type_host_cpus();
	buf_truncate(&kept, kept.len ? strcspn(kept.s, "\n") : 0);
	if (there && type_is_offered(m, arch, kept.s)) {
		m->type = arena_strdup(a, kept.s);
		return 0;
	}
	if (!there && m->is.runs)
		return 0;
	m->type = arena_printf(a, "%s-%d.%d", arch->versioned, m->version[0], m->version[1]);
	buf_truncate(&kept, 0);
	buf_addf(&kept, "%s\n", m->type);
	if (m->most_cpus)
		buf_addf(&kept, CPUS "%d\n", m->most_cpus);
	return fs_write(path, kept.s, kept.len, 0600, err);
}
