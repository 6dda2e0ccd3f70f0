/* providers/drivers/qemu/host.c - what this host has of QEMU: programs, versions, firmware. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/programs.h"
#include "providers/drivers/qemu/qemu.h"
#include "providers/drivers/qemu/arch.h"

/* One word, quotes and backslashes as in sh(1); moves *p behind it. -1: an open quote. */
static int
qemu_host_next_word(const char **p, struct buf *out)
{
	const char *s = *p;
	char quote = 0;

	for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
		if (quote && *s == quote)
			quote = 0;
		else if (!quote && (*s == '\'' || *s == '"'))
			quote = *s;
		else if (*s == '\\' && quote != '\'' && s[1])
			buf_addc(out, *++s);
		else
			buf_addc(out, *s);
	}
	*p = s;
	return quote ? -1 : 0;
}

static int
split_words(const char *text, struct arena *a, const char ***words, size_t *nwords, struct error *err)
{
	/* A text has at most half as many words as characters. */
	const char **v = arena_alloc(a, (strlen(text) / 2 + 2) * sizeof *v);
	size_t n = 0;

	for (const char *p = text;;) {
		AUTO(buf) b = BUF_INIT;

		while (isspace((unsigned char)*p))
			p++;
		if (!*p)
			break;
		if (qemu_host_next_word(&p, &b) < 0)
			return error_set(err, EINVAL, "a quote is not closed in: %s", text);
		v[n++] = arena_strdup(a, b.s);
	}
	*words = v;
	*nwords = n;
	return 0;
}

int
qemu_find(const char *arch, struct arena *a, const char ***words, size_t *nwords, struct error *err)
{
	const struct qemu_arch *q = qemu_arch_find(arch);
	auto_free char *path = NULL, *env = NULL;
	const char **v = NULL, *asked, *usual;
	size_t n = 0;

	if (!q)
		return error_set(err, ERR_UNSUPPORTED, "arch %s: QEMU has no such guests here", arch);
	env = xasprintf("QEMU_SYSTEM_%s", q->suffix);
	for (char *p = env; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	asked = getenv(env);
	if (split_words(asked ? asked : "", a, &v, &n, err) < 0)
		return error_wrap(err, "$%s", env);
	usual = arena_printf(a, "qemu-system-%s", q->suffix);
	if (n == 0)
		v[n++] = usual;
	path = proc_find(v[0]);
	if (!path)
		return program_missing_as(v[0], usual, err);
	v[0] = arena_strdup(a, path);
	*words = v;
	*nwords = n;
	return 0;
}

static int
version_by(const char *const argv[], int version[3], struct error *err)
{
	AUTO(buf) out = BUF_INIT;
	int v[3] = { 0 };

	if (proc_run(argv, &(struct proc_opts){ .out = &out, .timeout_ms = 10000 }, err) < 0)
		return -1;
	if (sscanf(out.s, "QEMU emulator version %d.%d.%d", &v[0], &v[1], &v[2]) != 3)
		return error_set(err, EPROTO, "%s --version: no version in its first line", argv[0]);
	memcpy(version, v, sizeof v);
	return 0;
}

int
qemu_version(const char *program, int version[3], struct error *err)
{
	const char *argv[] = { program, "--version", NULL };

	return version_by(argv, version, err);
}

int
qemu_probe(const char *program, int version[3], bool *sandbox, struct error *err)
{
	/* QEMU reads its words in order, so one without the sandbox says so before it prints its version. */
	const char *argv[] = { program, "-sandbox", "on", "--version", NULL };

	*sandbox = version_by(argv, version, NULL) == 0;
	return *sandbox ? 0 : qemu_version(program, version, err);
}

/* DIR/../.. of the binary: where a QEMU built from source puts its own files */
static const char *
dir_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash != path ? arena_printf(a, "%.*s", (int)(slash - path), path) : "/";
}

const char *
qemu_firmware(const char *arch, const char *program, struct arena *a, const char **vars)
{
	const struct qemu_arch *q = qemu_arch_find(arch);
	const char *home = getenv("HOME"), *bin = dir_of(a, program);
	const char *own[3];

	if (vars)
		*vars = NULL;
	if (!q || !q->edk2)
		return NULL;
	own[0] = arena_printf(a, "%s/.local/share/qemu/edk2-%s-code.fd", home ? home : "", q->edk2);
	own[1] = arena_printf(a, "%s/share/qemu/edk2-%s-code.fd", dir_of(a, bin), q->edk2);
	own[2] = arena_printf(a, "%s/share/edk2-%s-code.fd", bin, q->edk2);
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (fs_exists(own[i]))
			return own[i];
	for (const struct qemu_firmware_file *f = q->firmware; f->code; f++)
		if (fs_exists(f->code)) {
			if (vars && f->vars && fs_exists(f->vars))
				*vars = f->vars;
			return f->code;
		}
	return NULL;
}
