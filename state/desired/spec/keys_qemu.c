/*
 * What may become part of QEMU's option lists ("a,b=c,..."): words from tables, and a comma only in front of an option
 * that a table has. Anything else could set options that no plan shows: another folder to export, a file to write into,
 * a display that listens everywhere.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/desired/spec/load.h"
#include "state/desired/yaml/scalar.h"

enum { MAX_DISPLAY = 59635 };	/* port 65535 */

/* The words of a list at commas: the first, and the rest with `=` or a sign; NULL: all are known. */
struct list {
	const char *first;		/* words that it may begin with; NULL: a name */
	const char *options;		/* names of what may follow with =VALUE */
	bool features;			/* +NAME, -NAME and NAME=on|off may follow */
};

static bool
keys_qemu_is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("-_.", s[i]))
			return false;
	return n > 0 && isalnum((unsigned char)*s);
}

static bool
option_fits(struct arena *a, const struct list *l, const char *s, size_t n)
{
	const char *eq = memchr(s, '=', n);
	size_t name = eq ? (size_t)(eq - s) : n;

	if (l->features && (*s == '+' || *s == '-'))
		return keys_qemu_is_name(s + 1, n - 1);
	if (!eq || !keys_qemu_is_name(s, name) || !keys_qemu_is_name(eq + 1, n - name - 1))
		return false;
	if (l->features)
		return word_in(arena_memdup(a, eq + 1, n - name - 1), "on off");
	return word_in(arena_memdup(a, s, name), l->options);
}

/* The first part of `s` that is not allowed, in the arena; NULL: there is none. */
static const char *
list_fault(struct arena *a, const struct list *l, const char *s)
{
	for (bool first = true;; first = false) {
		size_t n = strcspn(s, ",");
		const char *part = arena_memdup(a, s, n);
		bool fits = !first ? option_fits(a, l, s, n) : l->first ? word_in(part, l->first) : keys_qemu_is_name(s, n);

		if (!fits)
			return part;
		if (!s[n])
			return NULL;
		s += n + 1;
	}
}

static const struct list displays = {
	"none default cocoa gtk sdl curses dbus egl-headless spice-app vnc",
	"gl show-cursor show-menubar show-tabs full-screen full-grab window-close grab-mod left-command-key swap-opt-cmd zoom-to-fit charset",
	false,
};

void
check_display(struct load *l, const struct val *v)
{
	const char *fault = *v->s ? list_fault(l->a, &displays, v->s) : NULL;

	if (!fault && !strncmp(v->s, "vnc,", 4))
		fault = v->s + 4;
	if (fault)
		diag_error(l, v, NULL, "must be %s, with options that are known here, got `%s` (`%s`); where VNC listens is `video.vnc.display`",
			 words_text(l->a, displays.first), v->s, fault);
}

/* HOST:DISPLAY[,to=DISPLAY] */
static bool
is_vnc_display(const char *s)
{
	size_t host = *s == '[' ? 1 + strspn(s + 1, "0123456789abcdefABCDEF:.") : strspn(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-");
	const char *p = s + host + (*s == '[' && s[host] == ']');
	char *end;

	if (*p++ != ':' || !isdigit((unsigned char)*p) || strtol(p, &end, 10) > MAX_DISPLAY)
		return false;
	if (!strncmp(end, ",to=", 4) && isdigit((unsigned char)end[4]) && strtol(end + 4, &end, 10) > MAX_DISPLAY)
		return false;
	return !*end;
}

void
check_vnc_display(struct load *l, const struct val *v)
{
	if (*v->s && !is_vnc_display(v->s))
		diag_error(l, v, NULL, "must be an address and the number of a display, such as `127.0.0.1:0` or `127.0.0.1:0,to=9`, got `%s`", v->s);
}

static const struct list cpus = { NULL, NULL, true };

static void
check_cpu(struct load *l, const struct val *v, const char *key, const struct node *at, const char *text)
{
	const char *fault = *text ? list_fault(l->a, &cpus, text) : NULL;

	if (fault)
		diag_error_at(l, v, key, at, "must be the name of a CPU, with features as `+NAME`, `-NAME`, `NAME=on` or `NAME=off` behind commas, "
			    "got `%s` (`%s`)", text, fault);
}

void
check_cpu_type(struct load *l, const struct val *v)
{
	for (size_t i = 0; i < v->npair; i++)
		check_cpu(l, v, v->pair[i].key, v->pair[i].at, v->pair[i].value);
}

void
check_vm_opts(struct load *l, const struct val *v)
{
	static const char known[] = "minimumVersion cpuType";
	const struct node *qemu = node_get(v->any, "qemu"), *cpu = node_get(qemu, "cpuType");

	for (size_t i = 0; qemu && qemu->kind == NODE_MAP && i < qemu->npair; i++) {
		const char *key = scalar_text(l->a, qemu->pair[i].key), *near = key ? nearest_word(l->a, key, known) : NULL;

		if (key && !word_in(key, known))
			mistake_at(l, v, arena_printf(l->a, "qemu.%s", key), qemu->pair[i].key, "unknown key",
				   nearest_hint(l->a, near));
	}
	for (size_t i = 0; cpu && cpu->kind == NODE_MAP && i < cpu->npair; i++) {
		const char *text = scalar_text(l->a, cpu->pair[i].value), *arch = scalar_text(l->a, cpu->pair[i].key);

		if (text && arch)
			check_cpu(l, v, arena_printf(l->a, "qemu.cpuType.%s", arch), cpu->pair[i].value, text);
	}
}
