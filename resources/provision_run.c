#include "resources/provision_run.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote/quote.h"
#include "hostagent/protocol/guest_file.h"
#include "providers/driver.h"
#include "providers/ssh/ssh.h"
#include "resources/cidata_files.h"
#include "resources/guest_shell.h"
#include "resources/instance_paths.h"
#include "resources/lease.h"
#include "resources/provision_list.h"
#include "resources/provision_record.h"

enum {
	MAX_FUNCTIONS = 256 << 10,
	MAX_SAID = PROVISION_LOG_MAX + (512 << 10),	/* and a line a second, by which the guest knows that somebody listens */
	RUN_MS = 24 * 3600 * 1000,
};

/*
 * What the guest's shell does, once $id, $d, $file and functions are set. The script has a session of its own, so that all of it can be
 * ended; it writes into a file, since what it leaves in the background may keep that open. An empty line a second tells whether
 * the connection is there still: one that is gone ends the script.
 */
static const char runner[] =
	"end() {\n"
	"  kill -TERM \"-$1\" 2>/dev/null || return 0\n"
	"  n=0\n"
	"  while [ $n -lt 50 ] && kill -0 \"-$1\" 2>/dev/null; do sleep 0.1 2>/dev/null || sleep 1; n=$((n + 1)); done\n"
	"  kill -KILL \"-$1\" 2>/dev/null || :\n"
	"}\n"
	"listen() {\n"
	"  trap '' PIPE\n"
	"  while sleep 1 </dev/null >/dev/null 2>&1; do echo || { end \"$1\"; return; }; done\n"
	"}\n"
	"go() {\n"
	"  if [ -r \"$d/$id.pid\" ] && read -r old <\"$d/$id.pid\" && tr '\\0' ' ' <\"/proc/$old/cmdline\" 2>/dev/null | grep -q \"lima-provision-$id\"; then\n"
	"    end \"$old\"\n"
	"  fi\n"
	"  s=$(command -v setsid) || s=\n"
	"  $s /bin/sh \"$d/$id.sh\" \"lima-provision-$id\" </dev/null >\"$d/$id.log\" 2>&1 &\n"
	"  p=$!\n"
	"  echo $p >\"$d/$id.pid\"\n"
	"  listen $p 2>/dev/null &\n"
	"  w=$!\n"
	"  wait $p\n"
	"  rc=$?\n"
	"  kill $w 2>/dev/null\n"
	"  rm -rf \"$d/$id\" \"$d/$id.pid\" \"$d/$id.sh\"\n"
	"  echo \"ran $rc\"\n"
	"  tail -c 262144 \"$d/$id.log\"\n"
	"  rm -f \"$d/$id.log\"\n"
	"  exit 0\n"
	"}\n"
	"go\n";

/* The records of a boot, each behind a line "= NAME BYTES". */
static const char boot_records[] =
	"cd \"$d\" 2>/dev/null || exit 0\n"
	"for f in provision.*; do\n"
	"  [ ! -f \"$f\" ] || { echo \"= $f $(($(wc -c <\"$f\")))\"; cat \"$f\"; }\n"
	"done\n";

static void
put_line(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "%s=", name);
	quote_shell(b, value);
	buf_addc(b, '\n');
}

/* NAME=VALUE a line, as the volume has them. */
static void
put_exports(struct buf *b, const char *lines)
{
	for (const char *p = lines, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		const char *eq = memchr(p, '=', (size_t)(nl - p));
		auto_free char *value = eq ? xstrndup(eq + 1, (size_t)(nl - eq - 1)) : NULL;
		bool name = eq && eq > p && !isdigit((unsigned char)*p);

		for (const char *c = p; name && c < eq; c++)
			name = isalnum((unsigned char)*c) || *c == '_';
		if (!name)
			continue;
		buf_addf(b, "export %.*s=", (int)(eq - p), p);
		quote_shell(b, value);
		buf_addc(b, '\n');
	}
}

/* The script of that run: the variables of the volume, the functions of the boot scripts, and the call of one. */
static int
put_live_script(struct buf *b, const struct env *env, const struct spec *spec, size_t i, const char *place, struct error *err)
{
	auto_free char *functions = xasprintf("%s/cidata/provision.sh", env->share);
	const char *kind = provision_word(spec->provision[i].mode);
	AUTO(arena) a = { 0 };
	AUTO(buf) text = BUF_INIT;

	if (fs_read(functions, &text, MAX_FUNCTIONS, err) < 0)
		return error_wrap(err, "boot scripts");
	put_exports(b, cidata_lima_env(&a, spec, "", env->debug, 0));
	put_exports(b, cidata_param_env(&a, spec));
	put_exports(b, cidata_etc_environment(&a, spec, CIDATA_ENV_OURS | CIDATA_ENV_AMBIENT));
	buf_adds(b, "export LIMA_CIDATA_MNT=/mnt/lima-cidata LIMA_OS=Linux LIMA_RUN=/run LIMA_REBOOT_REQUIRED=/run/lima-reboot-required HOME=/root\n"
		    "export PATH=$LIMA_CIDATA_MNT/util:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
		    "cd /\numask 022\nrc=0 names= session=\n"
		    "say() { :; }\nsaid() { :; }\nfailed() { case $* in *': exit status '*) ;; *) echo \"$*\" ;; esac; }\n");
	buf_add(b, text.s, text.len);
	if (spec->provision[i].mode == PROVISION_YQ)
		buf_adds(b, "[ -x \"$LIMA_CIDATA_MNT/yq/lima-yq\" ] || { echo 'this guest was started without yq: `limactl restart` gives it one'; exit 127; }\n");
	if (spec->provision[i].mode == PROVISION_USER)
		buf_adds(b, "param_names\nsession=XDG_RUNTIME_DIR=/run/user/$LIMA_CIDATA_UID\nuser_session\n");
	buf_addf(b, "provision_%s ", kind);
	quote_shell(b, place);
	buf_adds(b, "\nexit \"$rc\"\n");
	return 0;
}

static int
put_run(struct buf *b, const struct env *env, const struct resource *r, const struct provision_run *p, const char *prefix, struct error *err)
{
	AUTO(arena) a = { 0 };
	/* In /run, which may be mounted so, nothing might be executed. */
	const char *d = arena_printf(&a, "%s/var/lib/lima-provision", prefix), *file = provision_file(&a, r->spec, p->i);
	const char *place = arena_printf(&a, "%s/%s/%s", d, p->id, file);
	AUTO(buf) script = BUF_INIT;

	if (put_live_script(&script, env, r->spec, p->i, place, err) < 0)
		return -1;
	put_line(b, "id", p->id);
	put_line(b, "d", d);
	buf_adds(b, "umask 077\nmkdir -p \"$d\" || exit 1\nrm -rf \"$d/$id\"\nmkdir -p ");
	quote_shell(b, arena_printf(&a, "%.*s", (int)(strrchr(place, '/') - place), place));
	buf_adds(b, " || exit 1\nprintf %s ");
	quote_shell(b, provision_text(r->spec, p->i));
	buf_adds(b, " >");
	quote_shell(b, place);
	buf_adds(b, " && chmod 755 ");
	quote_shell(b, place);
	buf_adds(b, " && printf %s ");
	quote_shell(b, script.s);
	buf_adds(b, " >\"$d/$id.sh\" || exit 1\n");
	buf_adds(b, runner);
	return 0;
}

static int
provision_shell(const struct env *env, const struct resource *r, const struct buf *input, int timeout_ms, struct buf *out, struct error *err)
{
	struct guest_shell s = { .port = lease_port(r, LEASE_SSH), .timeout_ms = timeout_ms, .max_output = MAX_SAID };

	return guest_shell(env, r->spec, &s, input, out, err);
}

int
provision_run_live(const struct env *env, const struct resource *r, struct provision_run *p, struct error *err)
{
	AUTO(arena) a = { 0 };
	AUTO(buf) input = BUF_INIT, out = BUF_INIT;
	const char *at;
	char *end;
	long status;

	if (put_run(&input, env, r, p, guest_shell_prefix(r->spec, &a), err) < 0)
		return -1;
	if (provision_shell(env, r, &input, RUN_MS, &out, err) < 0)
		return -1;
	at = out.s + strspn(out.s, "\n");
	if (strncmp(at, "ran ", 4) != 0)
		return error_set(err, ECONNRESET, "the guest has ended before the script");
	status = strtol(at + 4, &end, 10);
	if (*end != '\n' || status < 0 || status > 255)
		return error_set(err, EPROTO, "the guest says nothing of how it ended");
	p->status = (int)status;
	buf_add(p->log, end + 1, out.len - (size_t)(end + 1 - out.s));
	return 0;
}

/* The files of mode data, as the boot has left them. */
static void
put_looks(struct buf *b, const struct spec *spec)
{
	buf_adds(b, guest_file_look);
	for (size_t i = 0; i < spec->nprovision; i++) {
		if (spec->provision[i].mode != PROVISION_DATA)
			continue;
		buf_adds(b, "w=$(look ");
		quote_shell(b, spec->provision[i].path);
		buf_addf(b, "); printf '= " PROVISION_FILE "%zu %%s\\n%%s\\n' $((${#w} + 1)) \"$w\"\n", i);
	}
}

/* A moment's word with a guest that is only played. */
static const char *
played_file(const struct driver *driver, const char *dir, const char *path, struct arena *a)
{
	AUTO(buf) input = BUF_INIT, out = BUF_INIT;
	int status;

	buf_adds(&input, guest_file_look);
	buf_adds(&input, "look ");
	quote_shell(&input, path);
	buf_addc(&input, '\n');
	if (driver->run(dir, &(struct ssh_command){ .input = input.s, .input_len = input.len, .out = &out, .max_output = 1024, .timeout_ms = 3000 }, &status,
			NULL) < 0 || !out.s)
		return NULL;
	return guest_file_read(a, out.s, strcspn(out.s, "\n"));
}

const char *
provision_file_now(const char *dir, const char *path, struct arena *a)
{
	pid_t machine;
	const struct driver *driver = driver_of(dir, &machine);

	return !driver ? NULL : driver->run ? played_file(driver, dir, path, a) : ha_guest_file(dir, path, a);
}

/* One record: its first line is of numbers, and the rest is what was said. */
static bool
read_boot_record(char *text, size_t len, struct provision_booted *b)
{
	char *nl = memchr(text, '\n', len), *at;
	double began, ended;

	if (!nl)
		return false;
	*nl = '\0';
	b->status = (int)strtol(text, &at, 10) & 255;
	began = strtod(at, &at);
	ended = strtod(at, &at);
	b->took_ms = ended > began && ended - began < 1e6 ? (long long)((ended - began) * 1e3) : 0;
	b->log = nl + 1;
	b->len = len - (size_t)(nl + 1 - text);
	return true;
}

int
provision_boot_results(const struct env *env, const struct resource *r, struct arena *a, struct provision_booted **v, size_t *n,
		       struct error *err)
{
	AUTO(buf) input = BUF_INIT, out = BUF_INIT;
	char *at, *end;
	size_t cap = 2 * r->spec->nprovision + 1;

	put_line(&input, "d", arena_printf(a, "%s/run/lima-provision", guest_shell_prefix(r->spec, a)));
	put_looks(&input, r->spec);
	buf_adds(&input, boot_records);
	if (provision_shell(env, r, &input, GUEST_SHELL_MS, &out, err) < 0)
		return -1;
	*v = arena_alloc(a, cap * sizeof **v);
	*n = 0;
	at = arena_memdup(a, out.s, out.len);
	end = at + out.len;
	while (*n < cap && end - at > 2 && !strncmp(at, "= ", 2)) {
		char *nl = memchr(at, '\n', (size_t)(end - at)), *blank = nl ? memrchr(at, ' ', (size_t)(nl - at)) : NULL;
		unsigned long len = blank && blank > at + 1 ? strtoul(blank + 1, NULL, 10) : 0;

		if (!len || len > (unsigned long)(end - nl - 1))
			break;
		*blank = '\0';
		(*v)[*n] = (struct provision_booted){ .file = at + 2 };
		if (!strncmp(at + 2, PROVISION_FILE, strlen(PROVISION_FILE)))
			*n += ((*v)[*n].log = guest_file_read(a, nl + 1, len - 1)) != NULL;
		else
			*n += read_boot_record(nl + 1, len, &(*v)[*n]);
		at = nl + 1 + len;
	}
	return 0;
}
