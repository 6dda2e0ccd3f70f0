/* providers/drivers/qemu/cpu.c - is there a processor of that name in the host's QEMU? */
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/proc.h"
#include "providers/drivers/qemu/qemu.h"

enum { ASK_MS = 10000, LEAST_NAMES = 5 };

/* A line is "x86 NAME  what it is", "s390 NAME ...", "PowerPC NAME PVR ..." or "  NAME"; with "(alias of NAME)" behind some. */
static bool
cpu_is_listed(const char *list, const char *name, size_t len, struct nearest *near)
{
	size_t lines = 0;

	for (const char *line = list; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *end = line + strcspn(line, "\n"), *word = line;

		lines++;
		for (int i = 0; i < 2 && word < end; i++) {
			size_t n;

			word += strspn(word, " \t");
			n = strcspn(word, " \t\r\n,");
			if (word + n > end)
				break;
			if (n == len && !strncasecmp(word, name, len))	/* some take either case */
				return true;
			if (n > 2)
				nearest_offer(near, word, n);
			word += n;
		}
	}
	return lines < LEAST_NAMES;	/* that was no list */
}

/* The host's own, all that can be emulated, or a register's value. */
static bool
cpu_is_no_model(const char *cpu, size_t len)
{
	return !len || (len == strlen("host") && !memcmp(cpu, "host", len)) || (len == strlen("max") && !memcmp(cpu, "max", len)) ||
	       !strncmp(cpu, "0x", 2);
}

int
qemu_check_cpu(const char *const *words, size_t nwords, const char *cpu, struct error *err)
{
	size_t len = strcspn(cpu, ",");
	struct nearest near = nearest_begin(cpu, len);
	AUTO(arena) a = { 0 };
	AUTO(buf) list = BUF_INIT;
	const char **argv = arena_alloc(&a, (nwords + 3) * sizeof *argv);

	if (cpu_is_no_model(cpu, len))
		return 0;
	memcpy(argv, words, nwords * sizeof *argv);
	argv[nwords] = "-cpu";
	argv[nwords + 1] = "help";
	argv[nwords + 2] = NULL;
	/* One that does not tell will say so when it is started. */
	if (proc_run(argv, &(struct proc_opts){ .out = &list, .timeout_ms = ASK_MS }, NULL) < 0 || cpu_is_listed(list.s, cpu, len, &near))
		return 0;
	return error_set(err, ERR_INVALID, "vmOpts.qemu.cpuType: %s has no processor `%.*s`%s; `%s -cpu help` lists them", words[0], (int)len, cpu,
			 nearest_hint(&a, nearest_found(&near, &a)), words[0]);
}
