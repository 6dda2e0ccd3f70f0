/* providers/drivers/qemu/plan.c - from a machine to what QEMU on this host makes of it, and to its launch. */
#include "providers/drivers/qemu/plan.h"

#include <stdarg.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/semver.h"
#include "providers/disk/image.h"
#include "providers/drivers/qemu/accel.h"
#include "providers/drivers/qemu/companions.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/launch.h"

static void qemu_plan_warn(const struct machine *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
qemu_plan_warn(const struct machine *m, const char *fmt, ...)
{
	AUTO(arena) a = { 0 };
	va_list ap;

	if (!m->warn)
		return;
	va_start(ap, fmt);
	m->warn(m->warn_ctx, arena_vprintf(&a, fmt, ap));
	va_end(ap);
}

static int
choose_accel(const struct qemu_machine *m, struct accel_choice *choice, struct error *err)
{
	if (accel_choose(m->is.arch, m->program[0], choice, err) < 0)
		return -1;
	if (choice->accel == ACCEL_TCG && choice->worth_a_warning && !m->is.runs)
		qemu_plan_warn(&m->is, "%s: no hardware virtualisation, emulating (slow): %s", m->is.name, choice->reason);
	return 0;
}

/*
 * The variables of this machine: made of the firmware's own, until firmware of another size comes. In a format
 * that has snapshots: with one writable drive that has none, QEMU refuses them for the whole machine.
 */
static int
variable_store(const char *template, struct qemu_machine *m, struct arena *a, struct error *err)
{
	char *path = arena_printf(a, "%s/qemu-efi-vars.fd", m->is.dir);
	int64_t was, now;

	if (!template)
		return 0;
	m->firmware_vars = path;
	if (image_size(template, "raw", &now, err) < 0)
		return -1;
	if (image_size(path, "qcow2", &was, NULL) == 0 && was == now)
		return 0;
	return image_convert(&(struct image_convert){ template, "raw", path, "qcow2", now, m->is.cancel }, err);
}

/*
 * UEFI with its variables; nothing with legacy BIOS or where the machine boots by itself. A kernel that QEMU loads
 * itself needs none either, and where the other firmware does it too, three seconds of emulation are saved.
 */
static int
firmware_find(struct qemu_machine *m, const char **vars, struct arena *a, struct error *err)
{
	const char *arch = m->is.arch;
	bool bios = qemu_has_legacy_bios(arch);

	*vars = NULL;
	m->firmware_code = m->is.firmware;
	if (m->firmware_code || !qemu_needs_firmware(arch) || (bios && m->is.legacy_bios) ||
	    (m->is.kernel && qemu_boots_bare_kernel(arch)))
		return 0;
	m->firmware_code = qemu_firmware(arch, m->program[0], a, vars);
	if (!m->firmware_code)
		return error_set(err, ERR_UNSUPPORTED, "no UEFI firmware for %s on this host: install the package %s%s", arch,
				 qemu_firmware_package(arch), bios ? ", or set firmware.legacyBIOS: true" : "");
	return 0;
}

static int
qemu_plan_firmware(struct qemu_machine *m, struct arena *a, struct error *err)
{
	const char *vars;

	return firmware_find(m, &vars, a, err) < 0 ? -1 : variable_store(vars, m, a, err);
}

/*
 * A kernel that is emulated on a busy host sees too few ticks of its timer when it checks how that is wired, and
 * panics now and then ("IO-APIC + timer doesn't work!"): what QEMU wires needs no check.
 */
static const char *
kernel_words(struct arena *a, const struct machine *m, enum accel accel)
{
	const char *text = m->cmdline ? m->cmdline : "";
	bool checks = accel == ACCEL_TCG && !strcmp(m->arch, "x86_64") && !strcmp(m->os, "Linux");

	return arena_printf(a, "%s%s", text, checks && !strstr(text, "no_timer_check") ? *text ? " no_timer_check" : "no_timer_check" : "");
}

/* vmOpts.qemu.minimumVersion */
static int
check_version(const struct qemu_machine *m, struct error *err)
{
	const int *v = m->version;
	const char *wanted = m->is.minimum_version;
	struct semver least, now = { { (unsigned long)v[0], (unsigned long)v[1], (unsigned long)v[2] } };

	if (!wanted || semver_parse(&least, wanted) < 0 || semver_compare(&now, &least) >= 0)
		return 0;
	return error_set(err, ERR_UNSUPPORTED, "vmOpts.qemu.minimumVersion: QEMU %s or newer is wanted, and this host has %d.%d.%d",
			 wanted, v[0], v[1], v[2]);
}

int
qemu_check_host(const struct machine *machine, struct error *err)
{
	struct qemu_machine m = { .is = *machine };
	const char **words, *vars;
	AUTO(arena) a = { 0 };

	if (qemu_find(m.is.arch, &a, &words, &m.nprogram, err) < 0)
		return -1;
	m.program = words;
	if (m.is.minimum_version && *m.is.minimum_version &&
	    (qemu_version(words[0], m.version, err) < 0 || check_version(&m, err) < 0))
		return -1;
	if ((m.is.cpu && *m.is.cpu && qemu_check_cpu(words, m.nprogram, m.is.cpu, err) < 0) || firmware_find(&m, &vars, &a, err) < 0)
		return -1;
	return qemu_companions_check(&m, &a, err);
}

/* What this host has of QEMU. */
static int
look_at_host(struct qemu_machine *m, struct arena *a, struct error *err)
{
	struct accel_choice accel;
	const char **words;

	if (qemu_find(m->is.arch, a, &words, &m->nprogram, err) < 0 || qemu_probe(words[0], m->version, &m->sandbox, err) < 0 ||
	    check_version(m, err) < 0)
		return -1;
	m->program = words;
	if (qemu_machine_type(m, a, err) < 0 || choose_accel(m, &accel, err) < 0 || qemu_plan_firmware(m, a, err) < 0)
		return -1;
	m->accel = accel_name(accel.accel);
	m->cmdline = m->is.kernel ? kernel_words(a, &m->is, accel.accel) : "";
	if (!m->sandbox)
		qemu_plan_warn(&m->is, "%s: this QEMU was built without -sandbox: nothing but its user confines it", m->is.name);
	return 0;
}

/* Those that are looked at once more right before the start. */
static void
launch_disks(const struct qemu_machine *m, struct launch *l, struct arena *a)
{
	struct image_disk *d = arena_alloc(a, (m->is.ndata_disks + 2) * sizeof *d);

	d[l->ndisks++] = m->is.disk;
	for (size_t i = 0; i < m->is.ndata_disks; i++)
		d[l->ndisks++] = m->is.data_disks[i];
	if (m->firmware_vars)
		d[l->ndisks++] = (struct image_disk){ .path = m->firmware_vars, .format = "qcow2" };
	l->disks = d;
}

int
qemu_plan(const struct machine *machine, struct launch *l, struct arena *a, struct error *err)
{
	struct qemu_machine m = { .is = *machine };
	const char *dir = machine->dir, **argv;

	if (look_at_host(&m, a, err) < 0 || qemu_companions(&m, l, a, err) < 0)
		return -1;
	qemu_confine(&m);
	if (qemu_argv(&m, a, &argv, &l->machine.nargv, err) < 0)
		return -1;
	l->machine.argv = argv;
	l->machine.capabilities = m.capabilities;
	l->machine.folders = qemu_folders(&m, a, &l->machine.nfolders);
	l->machine.files = qemu_files(&m, a, &l->machine.nfiles);
	l->machine.pidfile = arena_printf(a, "%s/qemu.pid", dir);
	l->machine.control = arena_printf(a, "%s/qmp.sock", dir);
	l->guest.agent_socket = machine->agent_port ? arena_printf(a, "%s/ga.sock", dir) : "";
	if (machine->display && !strcmp(machine->display, "vnc"))
		l->vnc_display = machine->vnc_display && *machine->vnc_display ? machine->vnc_display : QEMU_VNC_DISPLAY;
	launch_disks(&m, l, a);
	return 0;
}
