/* Every quoting function against the program that reads its language: any name comes back whole. */
#include "base/proc.h"
#include "base/quote/quote.h"
#include "tests/unit/test.h"

#include <sys/stat.h>
#include <unistd.h>

enum { NAMES = 120, MOST = 40, MS = 60000 };

/* What has been somebody's folder, then what is made by chance of the bytes that languages are made of. */
static const char *const strange[] = {
	"plain", "feature%2Fx", "%h%%d%", "a \"quoted\" name", "\"", "${HOME}", "$HOME `id` $(id)", "a${", "#hash", "a # b", "two  blanks ",
	" in front", "back\\slash", "\\", "\\\\", "\\\"", "it's", "''", "-leading", "--", "a,b", "a,,b", ",", "a=b", "a:b", "a;b|c&d", "~", "~root",
	"{{ lookup('pipe', 'id') }}", "{% x %}", "*?[a]", "!x", "&a", "*a", "? k", "- x", "null", "0x10", "1e3", "yes", "\u4e2d\u00e9\U0001f600",
	"tab\there", "a\rb", "%%k{", "<&>", "@", "|", ">", "@file",
};

static char names[NAMES][MOST];

/* `breaks`: with line breaks; `slashes` never, so that a name is one of a file */
static void
names_make(bool breaks)
{
	static const char letters[] = "ab%%\"\"\\\\$${{}}##''  ,,;:=-~*?[]!&|<>()`@\t\x01\x7f\n";
	static const char *const wide[] = { "\u00e9", "\u4e2d", "\U0001f600", "\xc2\x85", "\u2028" };
	unsigned seed = breaks ? 7 : 3;
	size_t n = 0;

	for (; n < ARRAY_LEN(strange); n++)
		snprintf(names[n], MOST, "%s", strange[n]);
	for (; n < NAMES; n++) {
		size_t len = 0, want;

		seed = seed * 1103515245 + 12345;
		want = 1 + (seed >> 16) % 24;
		while (len < want) {
			seed = seed * 1103515245 + 12345;
			if ((seed >> 16) % 12 == 0)
				len += (size_t)snprintf(names[n] + len, MOST - len, "%s", wide[(seed >> 20) % ARRAY_LEN(wide)]);
			else
				names[n][len++] = letters[(seed >> 16) % (sizeof letters - 1 - !breaks)];
		}
		names[n][len] = '\0';
	}
}

static void
run_into(const char *const argv[], struct buf *out)
{
	struct error err;

	ok(proc_run(argv, &(struct proc_opts){ .out = out, .timeout_ms = MS }, &err));
}

/* `out` holds the names, each with a NUL behind it */
static void
names_are(const struct buf *out)
{
	const char *p = out->s;

	for (size_t i = 0; i < NAMES; i++) {
		assert_true(p < out->s + out->len);
		assert_string_equal(p, names[i]);
		p += strlen(p) + 1;
	}
	assert_ptr_equal(p, out->s + out->len);
}

TEST(a_shell)
{
	AUTO(buf) script = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	const char *argv[] = { "sh", "-c", NULL, NULL };

	names_make(true);
	buf_adds(&script, "printf '%s\\0'");
	for (size_t i = 0; i < NAMES; i++) {
		buf_addc(&script, ' ');
		quote_shell(&script, names[i]);
	}
	argv[2] = script.s;
	run_into(argv, &out);
	names_are(&out);
}

/* rsync cuts the words of -e by rules of its own */
TEST(words_of_rsync)
{
	auto_free char *printer = test_path("printer"), *said = test_path("said");
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) line = BUF_INIT;
	struct error err;

	names_make(false);
	buf_addf(&text, "#!/bin/sh\nfor w; do [ \"$w\" = host ] && break; printf '%%s\\0' \"$w\"; done >>%s\nexit 1\n", said);
	ok(fs_write(printer, text.s, text.len, 0700, &err));
	for (size_t i = 0; i < NAMES; i += 8) {
		const char *argv[] = { "rsync", "-e", NULL, "host:x", "/nowhere", NULL };

		buf_truncate(&line, 0);
		quote_shell(&line, printer);
		for (size_t k = i; k < i + 8; k++) {
			buf_addc(&line, ' ');
			quote_shell(&line, names[k]);
		}
		argv[2] = line.s;
		assert_int_equal(proc_run(argv, &(struct proc_opts){ .timeout_ms = MS }, &err), -1);
	}
	buf_truncate(&line, 0);
	ok(fs_read(said, &line, 1 << 20, &err));
	names_are(&line);
}

/* Of `ssh -G`: the value of a directive, in the first line that begins with it. */
static void
ssh_says(const char *text, const char *key, const char *value)
{
	AUTO(buf) line = BUF_INIT;

	buf_addf(&line, "\n%s %s\n", key, value);
	if (!strstr(text, line.s))
		fail_msg("'%s' is not in: %s", line.s, text);
}

TEST(the_configuration_of_ssh)
{
	auto_free char *config = test_path("ssh.config");
	const char *argv[] = { "ssh", "-G", "-F", config, "x", NULL };
	struct error err;

	names_make(false);
	for (size_t i = 0; i < NAMES; i++) {
		AUTO(buf) b = BUF_INIT;
		AUTO(buf) out = BUF_INIT;
		auto_free char *path = xasprintf("/d/%s", names[i]);

		if (strchr(names[i], '\r')) {
			assert_false(quote_ssh(&b, names[i]) || quote_ssh_path(&b, names[i]));
			assert_int_equal(b.len, 0);
			continue;
		}
		buf_adds(&b, "Host x\n  HostKeyAlias " QUOTE_SSH_ALIAS "\n  ControlPath ");
		assert_true(quote_ssh_path(&b, path));
		buf_adds(&b, "\n  BindInterface ");
		assert_true(quote_ssh(&b, names[i]));
		buf_adds(&b, "\n  Port 77\n");
		ok(fs_write(config, b.s, b.len, 0600, &err));
		run_into(argv, &out);
		ssh_says(out.s, "controlpath", path);
		ssh_says(out.s, "bindinterface", names[i]);
		ssh_says(out.s, "port", "77");
	}
}

TEST(yaml_that_python_reads)
{
	static const char program[] = "import sys, yaml\nfor t in yaml.safe_load(sys.stdin): sys.stdout.buffer.write(t.encode() + b'\\0')";
	const char *argv[] = { "python3", "-c", program, NULL };
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	struct error err;

	names_make(true);
	for (size_t i = 0; i < NAMES; i++) {
		buf_adds(&text, "- ");
		quote_yaml(&text, names[i]);
		buf_addc(&text, '\n');
	}
	ok(proc_run(argv, &(struct proc_opts){ .input = text.s, .input_len = text.len, .out = &out, .timeout_ms = MS }, &err));
	names_are(&out);
}

TEST(xml_that_python_reads)
{
	static const char program[] = "import sys, xml.etree.ElementTree as x\n"
				      "for t in x.fromstring(sys.stdin.buffer.read()):\n  assert t.text == t.get('a'), t.text\n"
				      "  sys.stdout.buffer.write(t.text.encode() + b'\\0')";
	const char *argv[] = { "python3", "-c", program, NULL };
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	struct error err;

	names_make(true);
	buf_adds(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><r>");
	for (size_t i = 0; i < NAMES; i++) {
		/* what XML cannot say */
		for (char *p = names[i]; (p = strchr(p, 1));)
			*p = '?';
		buf_adds(&text, "<t a=\"");
		quote_xml(&text, names[i]);
		buf_adds(&text, "\">");
		quote_xml(&text, names[i]);
		buf_adds(&text, "</t>");
	}
	buf_adds(&text, "</r>");
	ok(proc_run(argv, &(struct proc_opts){ .input = text.s, .input_len = text.len, .out = &out, .timeout_ms = MS }, &err));
	names_are(&out);
	buf_truncate(&text, 0);
	quote_xml(&text, "\x1b[31m\xff\xfe<\xef\xbf\xbf");
	assert_string_equal(text.s, "?[31m??&#60;?");
}

/* Of what Graphviz draws a label is one text; blanks in it are ones that do not break. */
TEST(labels_of_graphviz)
{
	static const char program[] = "import sys, xml.etree.ElementTree as x\n"
				      "for t in x.fromstring(sys.stdin.buffer.read()).iter('{http://www.w3.org/2000/svg}text'):\n"
				      "  sys.stdout.buffer.write(t.text.replace('\\xa0', ' ').encode() + b'\\0')";
	const char *dot[] = { "dot", "-Tsvg", NULL }, *python[] = { "python3", "-c", program, NULL };
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) svg = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	struct error err;

	names_make(false);
	buf_adds(&text, "digraph { ordering=out; ");
	for (size_t i = 0; i < NAMES; i++) {
		for (char *p = names[i]; *p; p++)
			*p = (unsigned char)*p < ' ' || *p == 127 ? '?' : *p;
		for (char *p; (p = strstr(names[i], "\xc2\x85")) || (p = strstr(names[i], "\u2028"));) {
			size_t wide = *p == '\xc2' ? 2 : 3;

			*p = '?';
			memmove(p + 1, p + wide, strlen(p + wide) + 1);
		}
		buf_addf(&text, "n%zu [label=\"", i);
		quote_dot(&text, names[i]);
		buf_adds(&text, "\"]; ");
	}
	buf_adds(&text, "}");
	ok(proc_run(dot, &(struct proc_opts){ .input = text.s, .input_len = text.len, .out = &svg, .timeout_ms = MS }, &err));
	ok(proc_run(python, &(struct proc_opts){ .input = svg.s, .input_len = svg.len, .out = &out, .timeout_ms = MS }, &err));
	names_are(&out);
}

/* What Ansible makes of the inventory, templates in it included, and cuts into ssh's words */
TEST(an_inventory_of_ansible)
{
	static const char program[] =
		"import json, shlex, sys\nh = json.load(sys.stdin)['_meta']['hostvars']\n"
		"for i in range(len(h)):\n  v = h['h%d' % i]['ansible_ssh_common_args']\n  v = v['__ansible_unsafe'] if isinstance(v, dict) else v\n"
		"  sys.stdout.buffer.write(shlex.split(v)[1].encode() + b'\\0')";
	auto_free char *path = test_path("inventory.yaml");
	const char *list[] = { "ansible-inventory", "-i", path, "--list", NULL }, *cut[] = { "python3", "-c", program, NULL };
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) json = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	struct error err;

	names_make(false);
	buf_adds(&text, "lima:\n  hosts:\n");
	for (size_t i = 0; i < NAMES; i++) {
		AUTO(buf) args = BUF_INIT;

		buf_adds(&args, "-F ");
		quote_shell(&args, names[i]);
		buf_addf(&text, "    h%zu:\n      ansible_ssh_common_args: !unsafe ", i);
		quote_yaml(&text, args.s);
		buf_addc(&text, '\n');
	}
	ok(fs_write(path, text.s, text.len, 0600, &err));
	run_into(list, &json);
	ok(proc_run(cut, &(struct proc_opts){ .input = json.s, .input_len = json.len, .out = &out, .timeout_ms = MS }, &err));
	names_are(&out);
}

/* QEMU makes a file for each, whose name is told by the file system. */
TEST(option_lists_of_qemu)
{
	static const char quit[] = "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"quit\"}";
	auto_free char *dir = test_path("qemu");
	const char *argv[8 + 2 * NAMES + 1] = { "qemu-system-x86_64", "-machine", "none", "-display", "none", "-nodefaults", "-qmp", "stdio" };
	AUTO(arena) a = { 0 };
	AUTO(buf) out = BUF_INIT;
	struct error err;
	size_t n = 8;

	names_make(true);
	ok(fs_mkdirs(dir, 0700, &err));
	for (size_t i = 0; i < NAMES; i++) {
		AUTO(buf) b = BUF_INIT;

		buf_addf(&b, "file,id=c%zu,path=", i);
		quote_option(&b, arena_printf(&a, "%s/%zu%s", dir, i, names[i]));
		argv[n++] = "-chardev";
		argv[n++] = arena_strdup(&a, b.s);
	}
	argv[n] = NULL;
	ok(proc_run(argv, &(struct proc_opts){ .input = quit, .input_len = strlen(quit), .out = &out, .timeout_ms = MS }, &err));
	for (size_t i = 0; i < NAMES; i++)
		if (!fs_exists(arena_printf(&a, "%s/%zu%s", dir, i, names[i])))
			fail_msg("no file for '%s'", names[i]);
}

/* systemd-analyze says so if a unit's program is not there: each has a program of its own under a strange name. */
TEST(units_of_systemd)
{
	AUTO(arena) a = { 0 };
	const char *argv[4 + NAMES] = { "systemd-analyze", "verify", "--man=no" };
	AUTO(buf) out = BUF_INIT;
	struct error err;
	size_t n = 3;

	names_make(false);
	for (size_t i = 0; i < NAMES; i++) {
		const char *program = arena_printf(&a, "%s/%zu%s", test_dir_, i, names[i]);
		const char *unit = arena_printf(&a, "%s/u%zu.service", test_dir_, i);
		AUTO(buf) b = BUF_INIT;

		ok(fs_write(program, "#!/bin/sh\n", 10, 0700, &err));
		buf_adds(&b, "[Service]\nEnvironment=");
		quote_systemd(&b, arena_printf(&a, "LIMA_HOME=/%s", names[i]));
		buf_adds(&b, "\nExecStart=");
		quote_systemd_program(&b, program);
		buf_adds(&b, " start %i\n");
		ok(fs_write(unit, b.s, b.len, 0600, &err));
		argv[n++] = unit;
	}
	argv[n] = NULL;
	ok(proc_run(argv, &(struct proc_opts){ .out = &out, .both = true, .timeout_ms = MS }, &err));
	assert_string_equal(out.s, "");
}

/* systemd itself tells what it has read; it refuses to be root's in this way. */
TEST(environments_of_systemd)
{
	AUTO(arena) a = { 0 };
	auto_free char *run = test_path("run"), *unit = test_path("lima-test.service");
	const char *argv[] = { "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "-i", arena_printf(&a, "HOME=%s", run),
			       arena_printf(&a, "XDG_RUNTIME_DIR=%s", run), arena_printf(&a, "SYSTEMD_UNIT_PATH=%s:", test_dir_),
			       "/lib/systemd/systemd", "--test", "--user", "--unit=lima-test.service", NULL };
	AUTO(buf) text = BUF_INIT;
	AUTO(buf) out = BUF_INIT;
	struct error err;

	names_make(false);
	buf_adds(&text, "[Unit]\nDescription=test\n[Service]\nExecStart=/bin/true\n");
	for (size_t i = 0; i < NAMES; i++) {
		buf_adds(&text, "Environment=");
		quote_systemd(&text, arena_printf(&a, "V%zu=/%s", i, names[i]));
		buf_addc(&text, '\n');
	}
	ok(fs_mkdirs(run, 0700, &err));
	assert_int_equal(chmod(test_dir_, 0755) | chmod(run, 0777), 0);
	ok(fs_write(unit, text.s, text.len, 0644, &err));
	ok(proc_run(argv + (geteuid() ? 4 : 0), &(struct proc_opts){ .out = &out, .both = true, .timeout_ms = MS }, &err));
	for (size_t i = 0; i < NAMES; i++)
		if (!strstr(out.s, arena_printf(&a, "Environment: V%zu=/%s\n", i, names[i])))
			fail_msg("'%s' did not come back", names[i]);
}
