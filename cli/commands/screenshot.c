/* limactl screenshot: what is on the screen of an instance */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/quote/quote.h"
#include "cli/view/instance.h"
#include "state/desired/template/name.h"

static const struct flag flags[] = {
	{ "output", 'o', FLAG_STRING, .about = "File to write, .png or .bmp (default INSTANCE-screenshot.png)", .complete = "@file" },
	{ 0 },
};

enum { MAX_PICTURE = 32 << 20, REQUEST_MS = 30000 };

static const char *
screenshot_quoted(struct cli *c, const char *s)
{
	AUTO(buf) b = BUF_INIT;

	quote_go(&b, s);
	return arena_strdup(&c->arena, b.s);
}

static int
screenshot_format_of(struct cli *c, const char *path, const char **format, struct error *err)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

	if (dot && strcasecmp(dot, ".png") == 0)
		*format = "png";
	else if (dot && strcasecmp(dot, ".bmp") == 0)
		*format = "bmp";
	else
		return error_set(err, ERR_INVALID, "unsupported output extension %s: must be .png or .bmp", screenshot_quoted(c, dot ? dot : ""));
	return 0;
}

static int
screenshot_fetch(struct cli *c, const struct instance *i, const char *format, struct buf *out, struct error *err)
{
	auto_free char *sock = xasprintf("%s/ha.sock", i->dir);
	struct ha_request r = {
		.method = "GET", .path = arena_printf(&c->arena, "/v1/screenshot?format=%s", format), .timeout_ms = REQUEST_MS,
	};
	struct error why = { 0 };

	if (ha_request(sock, &r, NULL, out, &why) < 0) {
		if (why.code == ERR_UNSUPPORTED)
			return error_set(err, ERR_UNSUPPORTED, "screenshot failed: driver %s: driver does not support screenshots",
					 screenshot_quoted(c, i->vm_type));
		return error_set(err, why.code, "screenshot failed: %s", why.msg);
	}
	return out->len <= MAX_PICTURE ? 0 : error_set(err, ERR_INVALID, "screenshot failed: a picture of %zu bytes", out->len);
}

static int
screenshot_run(struct cli *c, struct error *err)
{
	const char *path = cli_str(c, "output"), *format = "png";
	AUTO(instance) i = { 0 };
	AUTO(buf) picture = BUF_INIT;

	if (name_check(c->args[0], err) < 0)
		return -1;
	instance_look_one(c, c->args[0], &i);
	if (instance_check_known(&i, err) < 0)
		return -1;
	if (!i.has_yaml)
		return error_set(err, ERR_INVALID, "open %s/lima.yaml: no such file or directory", i.dir);
	if (!instance_is(&i, "Running"))
		return error_set(err, ERR_REFUSED, "instance %s is not running (status: %s)", screenshot_quoted(c, i.name), i.status.word);
	if (!*path)
		path = arena_printf(&c->arena, "%s-screenshot.png", i.name);
	if (screenshot_format_of(c, path, &format, err) < 0 || screenshot_fetch(c, &i, format, &picture, err) < 0 ||
	    fs_rewrite(path, picture.s, picture.len, 0644, err) < 0)
		return -1;
	cli_say(&c->env, SAY_INFO, "Screenshot saved to %s (%zu bytes)", screenshot_quoted(c, path), picture.len);
	return 0;
}

const struct command command_screenshot = {
	.name = "screenshot",
	.group = GROUP_ADVANCED,
	.args = "INSTANCE",
	.about = "Take a picture of the screen of an instance",
	.example = "limactl screenshot default\nlimactl screenshot -o /tmp/boot.png default",
	.complete = "@instance",
	.flags = flags,
	.min_args = 1,
	.max_args = 1,
	.quick = true,
	.run = screenshot_run,
};
