/* What a host agent makes of the guest's console, and of a machine that stands still. */
#include "hostagent/protocol/ha_client.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "hostagent/agent.h"
#include "hostagent/drivers/qemu/reach.h"
#include "hostagent/machine/console_lines.h"
#include "providers/drivers/qemu/qmp.h"
#include "tests/unit/agent.h"

static void
append(const char *path, const char *text)
{
	FILE *f = fopen(path, "a");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

TEST(a_console_that_tells_of_a_failed_boot)
{
	AUTO(arena) a = { 0 };
	struct machine m;
	struct ha_info i;
	struct error err;
	auto_free char *path = NULL, *option = NULL, *flood = xcalloc(1, 300 << 10);

	make(&m, "p");
	path = xasprintf("%s/serial.log", m.dir);
	option = xasprintf("file:%s", path);
	word(&m, "-serial");
	word(&m, option);
	ok(start(&m, &err));
	/* whatever comes before, in whatever pieces it comes */
	memset(flood, 'x', (300 << 10) - 1);
	append(path, flood);
	append(path, "\r\nno panic - syncing\r\n\033[31mKernel pan");
	append(path, "ic - not syncing: \033[0mVFS: no root");
	append(path, "\r\n---[ end\a\r\n");
	ok(ha_wait_ready(m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	if (!strstr(i.errors, "its kernel has panicked; its console says: Kernel panic - not syncing: VFS: no root\nconsole: ") ||
	    !strstr(i.errors, "---[ end"))
		fail_msg("%s", i.errors);
	done(&m);
}

/* Its firmware comes, and comes again: told with the first boot too many, and not for those that a first boot has. */
TEST(a_guest_that_boots_again_and_again)
{
	static const char firmware[] = "\033c\033[?7l\033[2J\033[0mSeaBIOS (version 1.16.2)\r\nBooting from ROM...\r\n";
	AUTO(arena) a = { 0 };
	auto_free char *path = NULL, *option = NULL;
	struct machine m;
	struct ha_info i;
	struct error err;

	make(&m, "loop");
	path = xasprintf("%s/serial.log", m.dir);
	option = xasprintf("file:%s", path);
	word(&m, "-serial");
	word(&m, option);
	ok(start(&m, &err));
	for (int n = 1; n < CONSOLE_BOOTS; n++)
		append(path, firmware);
	not_ok(ha_wait_ready(m.dir, 0, 1500, NULL, &a, &i, &err), "in time");
	append(path, firmware);
	ok(ha_wait_ready(m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	if (!strstr(i.errors, "it boots again and again, and never gets further; its console says: SeaBIOS (version 1.16.2)"))
		fail_msg("%s", i.errors);
	done(&m);
}

/* What an agent that takes over finds in the log is over, if the machine has booted since. */
TEST(boots_and_panics_of_the_past_are_no_verdict)
{
	AUTO(arena) a = { 0 };
	struct machine m;
	struct ha_info i;
	struct error err;
	auto_free char *path = NULL;

	make(&m, "past");
	path = xasprintf("%s/serial.log", m.dir);
	ok(start(&m, &err));
	for (int n = 0; n < 2 * CONSOLE_BOOTS; n++)
		append(path, "Linux version 6.1.0\nKernel panic - not syncing: long ago\n");
	append(path, "Linux version 6.1.0\nup again\n");
	ok(ha_kill(m.dir, PATIENCE_MS, &err));
	ok(start(&m, &err));
	not_ok(ha_wait_ready(m.dir, 0, 1500, NULL, &a, &i, &err), "in time");
	append(path, "Kernel panic - not syncing: now\n");
	ok(ha_wait_ready(m.dir, 0, PATIENCE_MS, NULL, &a, &i, &err));
	assert_non_null(strstr(i.errors, "its console says: Kernel panic - not syncing: now"));
	done(&m);
}

/* Whoever looks at a log does so on a terminal; the text comes back whole. */
TEST(a_line_of_the_log_has_nothing_that_a_terminal_obeys)
{
	static const char text[] = "<a> \033[31m \302\2332J \177 \342\200\256 \303\251 \360\237\220\247";
	char line[512] = "";
	int end[2];
	cJSON *json = cJSON_CreateObject();

	assert_int_equal(pipe(end), 0);
	cJSON_AddStringToObject(json, "msg", text);
	log_write_json(end[1], json);
	assert_true(read(end[0], line, sizeof line - 1) > 0);
	assert_string_equal(line, "{\"msg\":\"\\u003ca\\u003e \\u001b[31m \\u009b2J \\u007f \\u202e \303\251 \360\237\220\247\"}\n");
	json = cJSON_Parse(line);
	assert_string_equal(cJSON_GetObjectItem(json, "msg")->valuestring, text);
	cJSON_Delete(json);
	close(end[0]);
	close(end[1]);
}

TEST(lines_that_are_new)
{
	struct console_lines *l = xcalloc(1, sizeof *l);
	char line[64];

	assert_true(console_lines_new(l, "[    1.000] systemd: Started A"));
	assert_true(console_lines_new(l, "[    1.250] systemd: Started the other"));
	assert_false(console_lines_new(l, "[   17.391] systemd: Started A"));
	assert_true(console_lines_new(l, "A start job is running for it (5s / 1min 30s)"));
	assert_false(console_lines_new(l, "A start job is running for it (17s / 1min 30s)"));
	/* more than it remembers */
	for (int i = 0; i < 3 * CONSOLE_SEEN; i++) {
		for (int k = 0; k < 16; k++)
			line[k] = (char)('g' + (i >> k & 1));
		line[16] = '\0';
		assert_true(console_lines_new(l, line));
	}
	/* another kernel, as after an upgrade, is another boot */
	for (int i = 1; i < 20; i++) {
		snprintf(line, sizeof line, "Linux version %s", i % 2 ? "of one" : "of other");
		assert_int_equal(console_lines_boot(l, line), i % 2 ? i / 2 + 1 : 0);
	}
	assert_int_equal(console_lines_boot(l, "systemd[1]: nothing of that kind"), 0);
	free(l);
}

TEST(what_qemu_says_of_a_machine_that_stands_still)
{
	static const struct {
		const char *answer, *why;
	} cases[] = {
		{ "{\"status\":\"running\",\"running\":true}", NULL },
		{ "{\"status\":\"io-error\",\"running\":false}", "could not write a disk" },
		{ "{\"status\":\"internal-error\",\"running\":false}", "an error of its own" },
		{ "{\"status\":\"guest-panicked\",\"running\":false}", "panicked" },
		/* these go on, or are held by who debugs them */
		{ "{\"status\":\"save-vm\",\"running\":false}", NULL },
		{ "{\"status\":\"restore-vm\",\"running\":false}", NULL },
		{ "{\"status\":\"prelaunch\",\"running\":false}", NULL },
		/* what is no answer */
		{ "{\"status\":7}", NULL },
		{ "[]", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		cJSON *answer = cJSON_Parse(cases[i].answer);
		const char *why = reach_standstill(answer);

		assert_int_equal(!why, !cases[i].why);
		if (why)
			assert_non_null(strstr(why, cases[i].why));
		cJSON_Delete(answer);
	}
	assert_null(reach_standstill(NULL));
}

/* Its console ends without a word: the machine itself is asked. */
TEST(a_machine_that_stands_still)
{
	AUTO(arena) a = { 0 };
	struct machine m;
	struct ha_info i;
	struct error err;

	make(&m, "still");
	ok(start(&m, &err));
	ok(qmp_execute(m.l.machine.control, "cont", NULL, 5000, NULL, &err));
	ok(qmp_execute(m.l.machine.control, "stop", NULL, 5000, NULL, &err));
	ok(ha_wait_ready(m.dir, 0, 30000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_string_equal(i.errors, "the guest will not come up: QEMU has been told to pause it; `limactl start` lets it go on");
	/* who waits for it anew is told anew */
	ok(ha_wait_ready(m.dir, 60000, 30000, NULL, &a, &i, &err));
	assert_int_equal(i.phase, HA_DEGRADED);
	assert_non_null(strstr(i.errors, "told to pause it"));
	done(&m);
}

/* What a guest writes to its console without end does not fill the disk, and its end can be read. */
TEST(a_console_that_floods_is_cut)
{
	enum { MANY = 72 << 20 };
	auto_free char *text = xrealloc(NULL, 1, MANY), *path = NULL;
	struct machine m;
	struct stat st;
	struct error err;
	char end[4];
	int fd;

	make(&m, "flood");
	ok(start(&m, &err));
	path = xasprintf("%s/serial.log", m.dir);
	memset(text, 'x', MANY);
	memcpy(text + MANY - 4, "end\n", 4);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, MANY), MANY);
	for (int i = 0; i < 2000 && (fstat(fd, &st) < 0 || st.st_blocks > (4 << 20) / 512); i++)
		usleep(10000);
	assert_true(st.st_blocks <= (4 << 20) / 512);
	assert_int_equal(st.st_size, MANY);
	assert_int_equal(pread(fd, end, 4, MANY - 4), 4);
	assert_memory_equal(end, "end\n", 4);
	close(fd);
	done(&m);
}
