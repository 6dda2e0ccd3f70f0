#include "cli/args/edit_flags.h"

#include "base/quote/quote.h"
#include "cli/args/flags.h"
#include "cli/args/yaml_keys.h"
#include "tests/unit/test.h"

static const struct flag all[] = {
	{ "", .include = edit_flags }, { "", .include = new_flags }, { 0 },
};

/* The expressions of a command line, joined by " | ", or the error. Words are apart by blanks. */
static char *
exprs(const char *line, bool is_new)
{
	static const char *const declared[] = { "release", NULL };
	AUTO(flag_values) f = { 0 };
	struct cli c = { .values = &f, .log_level = SAY_ERROR + 1 };
	AUTO(buf) out = BUF_INIT;
	char *words[32], *save = NULL;
	int n = 0, dash;
	const char **v;
	struct error err = { 0 };

	c.env.ctx = &c;
	for (char *w = strtok_r(arena_strdup(&c.arena, line), " ", &save); w; w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	words[n] = NULL;
	flags_add(&f, all);
	if (flags_parse(&f, words, n, false, &n, &dash, &err) < 0 || edit_exprs(&c, is_new, declared, &v, &err) < 0)
		buf_adds(&out, err.msg);
	else
		for (size_t i = 0; v[i]; i++)
			buf_addf(&out, "%s%s", i ? " | " : "", v[i]);
	arena_release(&c.arena);
	return buf_detach(&out);
}

#define EXPRS(line, expected) do { \
	auto_free char *got = exprs(line, true); \
	assert_string_equal(got, expected); \
} while (0)
#define FAILS(line, flag, why) EXPRS(line, "error while processing flag `" flag "`: " why)

TEST(numbers_and_sizes)
{
	EXPRS("", "");
	EXPRS("--cpus 4", ".cpus = 4");
	EXPRS("--memory 4 --disk 0.5", ".memory = \"4GiB\" | .disk = \"0.5GiB\"");
	EXPRS("--memory 1e3", ".memory = \"1000GiB\"");
	EXPRS("--memory 0.1", ".memory = \"0.1GiB\"");
	EXPRS("--disk 0.0000001", ".disk = \"0.0000001GiB\"");
	EXPRS("--ssh-port 0", ".ssh.localPort = 0");
	FAILS("--cpus -1", "cpus", "invalid value for number of cpus, must be >= 0");
	FAILS("--memory nan", "memory", "invalid size in GiB: nan");
}

TEST(mounts)
{
	setenv("HOME", "/home/me", 1);
	EXPRS("--mount /a,/b:w", ".mounts = [{\"location\": \"/b\", \"mountPoint\": \"/b\", \"writable\": true},"
	      "{\"location\": \"/a\", \"mountPoint\": \"/a\", \"writable\": false}] + .mounts");
	EXPRS("--mount-only ~/x", ".mounts = [{\"location\": \"/home/me/x\", \"mountPoint\": \"/home/me/x\", \"writable\": false}]");
	EXPRS("--mount-none", ".mounts = null");
	EXPRS("--mount-none=false", "");
	EXPRS("--mount-writable", ".mounts[].writable = true");
	EXPRS("--mount-type 9p", ".mountType = \"9p\"");
	FAILS("--mount /a --mount-only /b", "mount", "flag `--mount` conflicts with `--mount-only`");
	FAILS("--mount-only /a --mount-none", "mount-none", "flag `--mount-none` conflicts with `mount-only`");
	FAILS("--mount ~x", "mount", "unexpandable path `~x`");
}

TEST(networks_and_ports)
{
	EXPRS("--network vzNAT,lima:shared", ".networks += [{\"vzNAT\": true},{\"lima\": \"shared\"}] | .networks |= unique_by(.lima)");
	EXPRS("--dns 1.1.1.1,::1", ".dns += [\"1.1.1.1\",\"::1\"] | .dns |= unique | .hostResolver.enabled = false");
	EXPRS("--port-forward 8080:80,static=true", ".portForwards += [{\"guestPort\": \"80\", \"hostPort\": \"8080\", \"static\": true}]");
	FAILS("--network eth0", "network", "network name must be `vzNAT` or `lima:*`, got `eth0`");
	FAILS("--port-forward 80", "port-forward", "invalid port forward format `80`, expected HOST:GUEST");
	FAILS("--port-forward 1:2,foo", "port-forward", "invalid parameter `foo`, expected `static=` followed by a boolean value");
	FAILS("--port-forward 1:2,static=x", "port-forward", "invalid value for static parameter: `x`");
	FAILS("--port-forward 1:2,a,b", "port-forward",
	      "invalid port forward format `1:2,a,b`, expected HOST:GUEST or HOST:GUEST,static=true");
}

TEST(the_rest_in_the_order_of_the_table)
{
	EXPRS("--shell /bin/zsh --set .a=1 --set .b=\"x,y\" --cpus 1", ".cpus = 1 | .a=1 | .b=\"x,y\" | .user.shell = \"/bin/zsh\"");
	EXPRS("--param release=v1=\"2", ".param[\"release\"] = \"v1=\\\"2\"");
	EXPRS("--video --nested-virt", ".nestedVirtualization = true | .video.display = \"default\"");
	EXPRS("--video=false", ".video.display = \"none\"");
	EXPRS("--containerd user+system", ".containerd.user = true | .containerd.system = true");
	EXPRS("--image-variant x --arch aarch64", ".images = [.images[] | select(.variant == \"x\")] | .arch = \"aarch64\"");
	EXPRS("--rosetta", ".vmOpts.vz.rosetta.enabled = true | .vmOpts.vz.rosetta.binfmt = true");
	FAILS("--param release", "param", "invalid parameter `release`, expected NAME=VALUE");
	FAILS("--param missing=value", "param", "template does not define param `missing`");
	FAILS("--containerd x", "containerd", "expected one of [`user`, `system`, `user+system`, `none`], got `x`");
	FAILS("--arch-variant=", "arch-variant", "`--arch-variant` must not be empty");
}

TEST(some_are_for_new_instances_only)
{
	auto_free char *got = exprs("--plain --arch x --port-forward 1:2 --cpus 2", false);

	assert_string_equal(got, ".cpus = 2 | .portForwards += [{\"guestPort\": \"2\", \"hostPort\": \"1\", \"static\": false}]");
}

TEST(keys_of_yaml)
{
	static const char text[] = "cpus: 1\nparam:\n  a: x\n  # b\n  c: {}\n", wrong[] = "a: [1\n", list[] = "param: [a]\n";
	const char *const *keys;
	AUTO(arena) a = { 0 };
	struct error err;

	ok(yaml_keys(&a, text, strlen(text), "param", &keys, &err));
	assert_string_equal(keys[0], "a");
	assert_string_equal(keys[1], "c");
	assert_null(keys[2]);
	ok(yaml_keys(&a, text, strlen(text), "nix", &keys, &err));
	assert_null(keys[0]);
	ok(yaml_keys(&a, list, strlen(list), "param", &keys, &err));
	assert_null(keys[0]);
	ok(yaml_keys(&a, "", 0, "param", &keys, &err));
	assert_null(keys[0]);
	not_ok(yaml_keys(&a, wrong, strlen(wrong), "param", &keys, &err), "2:1: ");
}
